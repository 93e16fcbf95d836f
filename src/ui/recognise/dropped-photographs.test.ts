/** What becomes of photographs that are dropped, whatever goes on just then. */
import { expect, test, vi } from 'vitest';
import { fail, succeed } from '../../core/result.ts';
import type { GatherProgress } from '../../rpc/recognise-contract.ts';
import { someBackend, someModel } from '../../testing/looks.ts';
import {
  item,
  kept,
  lastModified,
  model,
  photograph,
  settled,
  setUp,
  votesOf,
} from '../../testing/recognise-session.ts';
import { chosenModel } from '../state/model-choice.ts';
import { rememberCollection } from './last-collection.ts';

test('photographs are not mixed with those of another model', async () => {
  const { session, app, calls, openFour } = setUp();
  await openFour();
  const other = chosenModel({ kind: 'served', id: 'other' }, { kind: 'tfjs', url: 'x' });
  app.getState().setUsedModel({ ...other, description: someModel });
  await session.gatherFiles([photograph('mugs/a.jpg')]);
  expect(calls).toEqual([]);
  expect(app.getState().messages.at(-1)?.text).toMatch(/was computed by nano/);
});

test('only what is at hand can be opened in the viewer', async () => {
  const { session, state, find, added, app, openFour } = setUp();
  await openFour();
  session.selectItem(0, 'one');
  session.openInViewer();
  expect(added).toEqual([]);
  // Another photograph of that name, as phones give one to all.
  const other = new File(['something else'], '0.jpg', { lastModified });
  Object.defineProperty(other, 'path', { value: '/mugs/0.jpg' });
  void session.gatherFiles([photograph('mugs/0.jpg'), other]);
  await settled();
  await find('gatherFeatures').answer(succeed({ how: 'finished', collection: kept() }));
  expect(await state().open?.files.of(state().open?.items[0])?.text()).toBe('mugs/0.jpg');
  session.openInViewer();
  expect(added.map(({ name }) => name)).toEqual(['0.jpg']);
  expect(app.getState().screen).toBe('viewer');
});

test('what is dropped while the page starts waits for the model', async () => {
  const { session, state, find, calls, app } = setUp(null);
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  expect(calls).toEqual([]);
  expect(state().gathering).toMatchObject({ waitsForEngine: true });
  app.getState().setUsedModel({ ...model, description: someModel });
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  await settled();
  expect(find('gatherFeatures').request).toMatchObject({ model: { key: model.key } });
});

test('what is dropped while the votes on the first photographs are counted is taken in, and can be cancelled', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  find('gatherFeatures').tell({ stage: 'begun', collection: kept() } satisfies GatherProgress);
  await find('gatherFeatures').answer(succeed({ how: 'finished', collection: kept({ items: 0 }) }));
  const votes = find('vote');
  void session.gatherFiles([photograph('pots/b.jpg')]);
  await settled();
  const second = find('gatherFeatures');
  await votes.answer(succeed(votesOf(0)));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  expect(state().gathering).not.toBeNull();
  session.cancelGathering();
  expect(second.signal?.aborted).toBe(true);
});

test('what is dropped before the collection of the last visit is open goes into it', async () => {
  rememberCollection({ id: 'c1', wanted: 9 });
  const { session, find, calls } = setUp();
  void session.begin();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  expect(calls.map(({ method }) => method)).toEqual(['openCollection']);
  await find('openCollection').answer(
    succeed({
      collection: kept(),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  expect(find('gatherFeatures').request).toMatchObject({ into: { kind: 'kept', id: 'c1' } });
});

test('a new collection has the usual settings, not those of the one before; none names a block that there is not', async () => {
  const { session, find, openFour } = setUp();
  await openFour();
  session.closeCollection();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  const usual = { block: someModel.depth, framing: 'official', sidePx: 224 };
  expect(find('gatherFeatures').request).toMatchObject({ into: { settings: usual } });
  await find('gatherFeatures').answer(fail({ code: 'cancelled' }));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  session.setSettings({ ...usual, framing: 'square', block: someModel.depth + 12 });
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  expect(find('gatherFeatures').request).toMatchObject({
    into: { settings: { ...usual, framing: 'square' } },
  });
});
