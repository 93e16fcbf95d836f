import { describe, expect, it } from 'vitest';
import { fail, succeed } from '../../core/result.ts';
import { forgotten, looked, settle, setUp } from '../../testing/engine-session.ts';

describe('the queue', () => {
  it('takes photographs before the engine is ready and runs one at a time', async () => {
    const { session, photo, ready, statuses, fake, looks } = setUp();
    session.add([photo('a'), photo('b')]);
    expect(statuses()).toEqual(['queued', 'queued']);
    await ready();
    expect(statuses()).toEqual(['running', 'queued']);
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(statuses()).toEqual(['done', 'running']);
    expect(looks()).toBe(2);
  });

  it('runs the selected photograph next', async () => {
    const { session, store, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b'), photo('c')]);
    await ready();
    store.getState().select('photo-3');
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(statuses()).toEqual(['done', 'queued', 'running']);
  });

  it('names the photograph that comes next, so that it can be decoded meanwhile', async () => {
    const { session, photo, ready, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    expect(fake.last().request).toMatchObject({ sources: [{ id: 'photo-1' }], upNext: { id: 'photo-2' } });
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(fake.last().request).toMatchObject({ sources: [{ id: 'photo-2' }], upNext: null });
  });

  it('keeps a failure to the photograph it belongs to', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    fake.last().answer(fail({ code: 'not-an-image' }));
    await settle();
    expect(statuses()).toEqual(['failed', 'running']);
  });

  it('cancels the running photograph and goes on with the next', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    const running = fake.last();
    session.cancel('photo-1');
    expect(running.cancelled()).toBe(true);
    await settle();
    expect(statuses()).toEqual(['cancelled', 'running']);
  });

  it('drops the answer for a photograph that was removed, and selects its neighbour', async () => {
    const { session, store, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    const running = fake.last();
    session.remove('photo-1');
    expect(forgotten(fake.calls)).toEqual([['photo-1']]);
    running.answer(succeed(looked(3)));
    await settle();
    expect(statuses()).toEqual(['running']);
    expect(store.getState().selectedId).toBe('photo-2');
  });

  it('asks anew at another size and keeps the old result on view meanwhile', async () => {
    const { session, shown, statuses, photo, ready, fake } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    session.changeFraming({ shape: 'photograph', sidePx: 480 });
    expect(statuses()).toEqual(['running']);
    expect(shown('photo-1')).toMatchObject({ looked: { passes: [{ tokens: 3 }] } });
    expect(fake.last().request).toMatchObject({ framing: { sidePx: 480 } });
  });

  it('does not try a broken file again at another size', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(fail({ code: 'empty-file' }));
    await settle();
    session.changeFraming({ shape: 'photograph', sidePx: 480 });
    expect(statuses()).toEqual(['failed']);
  });
});

describe('many at once', () => {
  const setUpThree = async () => {
    const set = setUp();
    set.session.add([set.photo('a'), set.photo('b'), set.photo('c')]);
    await set.ready();
    return set;
  };

  it('are cancelled together: none of them begins meanwhile', async () => {
    const { session, statuses, looks, fake } = await setUpThree();
    session.cancelAll();
    await settle();
    expect(statuses()).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(fake.last().cancelled()).toBe(true);
    expect(looks()).toBe(1);
  });

  it('are removed together: none of them begins meanwhile, and nothing of them is kept', async () => {
    const { session, store, looks, fake } = await setUpThree();
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(store.getState().outcomes.size).toBe(1);
    const running = fake.last();
    session.removeAll();
    expect(forgotten(fake.calls)).toEqual([['photo-1', 'photo-2', 'photo-3']]);
    running.answer(succeed(looked(3)));
    await settle();
    expect(running.cancelled()).toBe(true);
    expect(looks()).toBe(2);
    expect(store.getState()).toMatchObject({ order: [], photos: {}, selectedId: null });
    expect(store.getState().outcomes.size).toBe(0);
  });

  it('wait for the new engine when the old one is lost: none of them is asked of one that is gone', async () => {
    const { statuses, looks, fake, ready } = await setUpThree();
    for (const loss of [1, 2]) {
      fake.lose({ code: 'device-lost', message: 'test' });
      await settle();
      expect(looks()).toBe(loss);
      expect(fake.last().method).toBe('start');
      await ready();
    }
    // Lost twice with the first photograph.
    expect(statuses()).toEqual(['failed', 'running', 'queued']);
  });
});

describe('many photographs at once', () => {
  it('takes all of them in, and shows the first', async () => {
    const { session, photo, store } = setUp();
    session.add(Array.from({ length: 200 }, (_, i) => photo(`p${i}`)));
    expect(store.getState().order.length).toBeLessThan(200);
    await expect.poll(() => store.getState().order.length).toBe(200);
    const { order, photos, selectedId } = store.getState();
    expect(order.map((id) => photos[id]?.name)).toEqual(Array.from({ length: 200 }, (_, i) => `p${i}`));
    expect(selectedId).toBe(order[0]);
  });

  it('forgets those still coming in when all are removed', async () => {
    const { session, photo, store } = setUp();
    session.add(Array.from({ length: 200 }, (_, i) => photo(`p${i}`)));
    session.removeAll();
    await settle();
    expect(store.getState().order).toEqual([]);
    session.add([photo('later')]);
    expect(store.getState().order).toHaveLength(1);
  });
});
