import { describe, expect, it } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import {
  asCalled,
  chosen,
  looked,
  nano,
  settle,
  setUp,
  spare,
  started,
} from '../../testing/engine-session.ts';
import { lookedAtHeads, someModel } from '../../testing/looks.ts';
import { chosenModel, type ChosenModel } from '../state/model-choice.ts';

describe('the model', () => {
  const other = chosenModel({ kind: 'stored', id: 'other' }, chosen('other').reference);
  const otherModel = { ...started.model, id: 'other', title: 'Other', numHeads: 1 };
  const answered = succeed({ model: otherModel });

  it('that cannot be had at the start gives way to the one that comes with the page, with a word', async () => {
    const { fake, store, ready } = setUp();
    fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
    await settle();
    expect(fake.last().request).toMatchObject({ model: asCalled(spare) });
    await ready();
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: spare.choice } },
    });
    expect(store.getState().messages.map(({ tone }) => tone)).toEqual(['warning']);
  });

  it('that is gone when the engine was lost gives way, and what it has shown is looked at again', async () => {
    const { session, photo, ready, statuses, fake, store, shown } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    for (const tokens of [3, 4]) {
      fake.last().answer(succeed(looked(tokens)));
      await settle();
    }
    expect(statuses()).toEqual(['done', 'done']);
    fake.lose({ code: 'device-lost', message: 'test' });
    await settle();
    fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
    await settle();
    fake.last().answer(succeed({ ...started, model: otherModel }));
    await settle();
    expect(statuses()).toEqual(['running', 'queued']);
    expect(fake.last().request).toMatchObject({ models: [asCalled(spare)] });
    const said = store.getState().messages.map(({ text }) => text);
    expect(said.some((text) => text.includes('photographs run again with Other'))).toBe(true);
    expect(said.some((text) => text.includes('nothing was lost'))).toBe(false);
    fake.last().answer(succeed(looked(7)));
    await settle();
    expect(shown('photo-1')).toMatchObject({ model: { id: 'other' }, looked: { passes: [{ tokens: 7 }] } });
  });

  it('that comes with the page and cannot be had either is a failure', async () => {
    const { fake, store } = setUp();
    for (let times = 0; times < 2; times++) {
      fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
      await settle();
    }
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure: { status: 404 } });
  });

  it('is exchanged while photographs go on; then all run again, the old results on view until then', async () => {
    const { session, photo, ready, statuses, fake, store, shown, titleOf } = setUp();
    const picture = () => titleOf(shown('photo-1') ?? expect.unreachable('nothing is shown'));
    session.add([photo('a'), photo('b')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    store.getState().changeDrawing({ view: 1 });
    expect(picture()).toBe('Head 2');
    const running = fake.last();
    const exchange = session.useModel(other, 'Other');
    await settle();
    expect(store.getState().models.next).toMatchObject({ title: 'Other' });
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { description: { id: 'nano' } } },
    });
    fake.last().answer(answered);
    expect(await exchange).toEqual(succeed(otherModel));
    expect(running.cancelled()).toBe(true);
    const { engine, models } = store.getState();
    expect({ engine, models }).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: other.choice, description: { id: 'other' } }, next: null },
    });
    expect(statuses()).toEqual(['running', 'queued']);
    expect(shown('photo-1')).toMatchObject({ model: { id: 'nano' } });
    fake
      .last()
      .answer(succeed([succeed(lookedAtHeads({ rows: 1, columns: 2 }, { numHeads: 1, tokens: 5 }))]));
    await settle();
    expect(statuses()).toEqual(['done', 'running']);
    expect(shown('photo-1')).toMatchObject({
      model: { id: 'other' },
      looked: { passes: [{ tokens: 5 }] },
    });
    // The new model does not have the head that was shown.
    expect(picture()).toBe('All heads');
  });

  it('that was in use before answers at once what it was asked before', async () => {
    const { session, photo, ready, statuses, fake, looks, shown } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    const exchangeFor = async (model: ChosenModel, description = otherModel) => {
      const exchange = session.useModel(model, 'x');
      await settle();
      fake.last().answer(succeed({ model: description }));
      await exchange;
    };
    await exchangeFor(other);
    fake.last().answer(succeed(looked(5)));
    await settle();
    expect(looks()).toBe(2);
    await exchangeFor(nano, someModel);
    expect(statuses()).toEqual(['done']);
    expect(shown('photo-1')).toMatchObject({ model: { id: 'nano' }, looked: { passes: [{ tokens: 3 }] } });
    expect(looks()).toBe(2);
  });

  it('stays where the other fails, and the page says which and why', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(fail({ code: 'checkpoint-invalid', problem: 'it is empty' }));
    expect(await exchange).toMatchObject({ ok: false });
    expect(statuses()).toEqual(['running']);
    expect(store.getState()).toMatchObject({
      models: { used: { choice: nano.choice, description: { id: 'nano' } }, next: null },
    });
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      'Other: This checkpoint cannot be read: it is empty. Nano stays in use.',
    ]);
  });

  it('stays without a word where the exchange is cancelled, or another is chosen meanwhile', async () => {
    const { session, ready, fake, store } = setUp();
    await ready();
    const first = session.useModel(other, 'Other');
    await settle();
    const inWorker = fake.last();
    const second = session.useModel(spare, 'Spare');
    inWorker.answer(fail({ code: 'cancelled' }));
    expect(await first).toEqual(fail({ code: 'cancelled' }));
    await settle();
    expect(store.getState().models.next).toMatchObject({ title: 'Spare' });
    session.cancelModelSwitch();
    expect(store.getState().models.next).toBeNull();
    fake.last().answer(fail({ code: 'cancelled' }));
    expect(await second).toEqual(fail({ code: 'cancelled' }));
    expect(fake.calls.filter(({ method }) => method === 'useModel').every((call) => call.cancelled())).toBe(
      true,
    );
    expect(store.getState()).toMatchObject({
      models: { used: { choice: nano.choice }, next: null },
      messages: [],
    });
  });

  it('is the new one where a cancel comes when the worker has just exchanged them: never another than answers', async () => {
    const { session, photo, ready, fake, store, shown } = setUp();
    session.add([photo('a')]);
    await ready();
    const exchange = session.useModel(other, 'Other');
    await settle();
    const inWorker = fake.last();
    session.cancelModelSwitch();
    await settle();
    inWorker.answer(answered);
    expect(await exchange).toEqual(succeed(otherModel));
    fake.last().answer(succeed(looked(5)));
    await settle();
    expect(store.getState()).toMatchObject({
      models: { used: { choice: other.choice, description: { id: 'other' } }, next: null },
    });
    expect(shown('photo-1')).toMatchObject({ model: { id: 'other' } });
  });

  it('is what memory ran out over, and not the photograph that waited, however often it is tried', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a')]);
    await ready();
    for (let times = 0; times < 3; times += 1) {
      const exchange = session.useModel(other, 'Other');
      await settle();
      fake.lose({ code: 'out-of-memory', tokens: null });
      expect((await exchange).ok).toBe(false);
      expect(statuses()).toEqual(['queued']);
      await ready();
      expect(statuses()).toEqual(['running']);
    }
  });

  it('is the one that the engine starts again with: the old one when it is lost during the exchange, the new one after', async () => {
    const lost: Failure = { code: 'device-lost', message: 'test' };
    const { session, ready, fake, store } = setUp();
    await ready();
    const broken = session.useModel(other, 'Other');
    await settle();
    fake.lose(lost);
    expect(await broken).toEqual(fail(lost));
    expect(fake.last().request).toMatchObject({ model: asCalled(nano) });
    await ready();
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(answered);
    await exchange;
    fake.lose(lost);
    await settle();
    expect(fake.last().request).toMatchObject({ model: asCalled(other) });
    await ready();
    expect(store.getState().models.used?.choice).toEqual(other.choice);
  });

  it('takes the warnings of the one before with it, in its own role', async () => {
    const { session, ready, fake, store } = setUp();
    const warned = () =>
      store
        .getState()
        .messages.filter(({ tone }) => tone === 'warning')
        .map(({ text }) => text.split(':')[0]);
    const broken: Failure = { code: 'model-fails-check', problem: 'test' };
    await ready();
    const compare = async (title: string, answer: Result<unknown, Failure>): Promise<void> => {
      const compared = session.compareWith(other, title);
      await settle();
      fake.last().answer(answer);
      await compared;
    };
    await compare('One', fail(broken));
    expect(warned()).toEqual(['One']);
    const exchange = session.useModel(spare, 'Spare');
    await settle();
    fake.last().answer(fail(broken));
    await exchange;
    expect(warned()).toEqual(['One', 'Spare']);
    await compare('Two', fail(broken));
    expect(warned()).toEqual(['Spare', 'Two']);
    store.getState().setAgainst(null);
    expect(warned()).toEqual(['Spare']);
    await compare('Two', answered);
    const again = session.useModel(other, 'Other');
    await settle();
    expect(warned()).toEqual([]);
    fake.last().answer(answered);
    await again;
    expect(warned()).toEqual([]);
  });

  it('that is chosen while the engine starts waits for it', async () => {
    const { session, ready, fake, store } = setUp();
    const exchange = session.useModel(other, 'Other');
    await settle();
    expect(fake.last().method).toBe('start');
    await ready();
    expect(fake.last().method).toBe('useModel');
    fake.last().answer(answered);
    expect(await exchange).toEqual(succeed(otherModel));
    expect(store.getState().models.used?.choice).toEqual(other.choice);
  });

  it('that is chosen where the engine has failed starts it', async () => {
    const { session, fake, store } = setUp();
    for (let times = 0; times < 2; times++) {
      fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
      await settle();
    }
    const exchange = session.useModel(other, 'Other');
    await settle();
    expect(fake.last()).toMatchObject({ method: 'start', request: { model: asCalled(other) } });
    fake.last().answer(succeed({ ...started, model: otherModel }));
    expect(await exchange).toEqual(succeed(otherModel));
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: other.choice } },
    });
  });

  it('that is chosen where the engine has failed, and cannot be had, is not said to be in use', async () => {
    const { session, ready, fake, store } = setUp();
    fake.last().answer(fail({ code: 'backend-unavailable', backend: 'webgpu', reason: 'of a test' }));
    await settle();
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(fail({ code: 'checkpoint-invalid', problem: 'it is empty' }));
    await settle();
    expect(fake.last().request).toMatchObject({ model: asCalled(spare) });
    await ready();
    expect(await exchange).toEqual(fail({ code: 'cancelled' }));
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: spare.choice } },
    });
  });

  it('that is chosen where the engine was lost too often runs the photographs of the old one again', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    for (let loss = 0; loss < 3; loss++) {
      fake.lose({ code: 'device-lost', message: 'test' });
      await settle();
      if (loss < 2) await ready();
    }
    expect(store.getState().engine).toMatchObject({ status: 'failed' });
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(succeed({ ...started, model: otherModel }));
    expect(await exchange).toEqual(succeed(otherModel));
    expect(statuses()).toEqual(['running']);
    fake.lose({ code: 'device-lost', message: 'test' });
    await settle();
    expect(store.getState().engine).toMatchObject({ status: 'starting' });
  });
});
