/** A collection that is open: votes, orders, what is asked of it. */
import { expect, test } from 'vitest';
import { fail, succeed } from '../../core/result.ts';
import { someBackend } from '../../testing/looks.ts';
import { item, kept, setUp, votesOf } from '../../testing/recognise-session.ts';
import { rememberCollection } from './last-collection.ts';
import { neighboursToAsk } from './recognise-state.ts';

test('an opened collection is voted on; the wrong one comes first, then the one without a class', async () => {
  const { state, openFour } = setUp();
  await openFour();
  expect(state().votes).toMatchObject({ status: 'done', value: { accuracy: 0.5 } });
  expect(state().arranged).toEqual([1, 3, 0, 2]);
});

test('k follows the smallest class, so that no class outvotes its own, and the person may set it', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  expect(neighboursToAsk(state())).toBe(1);
  session.setNeighbours(7);
  expect(find('vote').request).toEqual({ id: 'c1', feature: 'cls', k: 7 });
  // The votes that are told beside the probe are the same.
  void session.trainProbe();
  expect(find('trainProbe').request).toMatchObject({ k: 7 });
  await find('trainProbe').answer(succeed({ ...votesOf(0, 1, 1, 0), knnAccuracy: 0.5 }));
  expect(state().probe.value?.trained).toMatchObject({ k: 7, knnAccuracy: 0.5 });
});

test('a vote that was replaced by another one is stopped, and its answer is not shown', async () => {
  const { session, state, find, calls, openFour } = setUp();
  await openFour();
  session.setFeature('mean');
  const first = find('vote');
  session.setFeature('both');
  expect(first.signal?.aborted).toBe(true);
  await first.answer(succeed(votesOf(1, 1, 1, 1)));
  expect(state().votes).toMatchObject({ status: 'asking', value: { accuracy: 0.5 } });
  expect(calls.map(({ request }) => request)).toEqual([{ id: 'c1', feature: 'both', k: 1 }]);
});

test('the next visit opens the last collection, and tells what had not come yet', async () => {
  rememberCollection({ id: 'c1', wanted: 9 });
  const { session, state, find } = setUp();
  void session.begin();
  await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  await find('openCollection').answer(
    succeed({
      collection: kept(),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  await find('vote').answer(succeed(votesOf(0)));
  expect(state()).toMatchObject({ wanted: 9, open: { kept: { id: 'c1' } } });
});

test('votes wait for the engine, and are asked again after it was lost', async () => {
  const { session, state, find, calls, app } = setUp();
  app.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
  void session.openCollection('c1');
  await find('openCollection').answer(
    succeed({
      collection: kept(),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  expect(calls).toEqual([]);
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  app.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
  await find('vote').answer(fail({ code: 'device-lost', message: '' }));
  expect(state().votes.status).toBe('failed');
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  await find('vote').answer(succeed(votesOf(0)));
  expect(state().votes.status).toBe('done');
});

test('a cell of the confusion matrix shows its photographs, a class its own', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.setFilter({ kind: 'cell', className: 'mugs', voted: 'pots' });
  expect(state().arranged).toEqual([1]);
  session.setFilter({ kind: 'class', className: null });
  expect(state().arranged).toEqual([3]);
  session.setFilter({ kind: 'picked', indices: [2, 0], words: '' });
  expect(state().arranged).toEqual([2, 0]);
  session.setTab('map');
  expect(state().arranged).toHaveLength(4);
  session.setOrder('class');
  expect(state().arranged).toEqual([3, 0, 1, 2]);
  session.setOrder('added');
  expect(state().arranged).toEqual([0, 1, 2, 3]);
});

test('what a filter hides is no longer selected, so that nothing is done to photographs that nobody sees', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.selectItem(3, 'one');
  session.selectItem(1, 'add');
  session.selectItem(0, 'add');
  session.setFilter({ kind: 'class', className: 'mugs' });
  expect(state()).toMatchObject({ selected: new Set([1, 0]), cursor: 0 });
  session.setFilter({ kind: 'cell', className: 'mugs', voted: 'pots' });
  expect(state()).toMatchObject({ selected: new Set([1]), cursor: 1 });
  session.setFilter({ kind: 'class', className: null });
  expect(state()).toMatchObject({ selected: new Set(), cursor: null });
});

test('look-alikes say whose they are: while those of another photograph come, what is known is not about it', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  session.selectItem(2, 'one');
  void session.findLookAlikes();
  const nearest = { items: Int32Array.of(0), cosines: Float32Array.of(0.5) };
  await find('lookAlikes').answer(succeed({ nearest, groups: [], threshold: 0.9 }));
  session.selectItem(1, 'one');
  void session.findLookAlikes();
  expect(state().lookAlikes).toMatchObject({ status: 'asking', value: { of: 2 } });
});

test('arrow keys move in the shown order, and stop at its ends', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.moveBy(1, 'one');
  expect(state().cursor).toBe(1);
  session.moveBy(-1, 'one');
  expect(state().cursor).toBe(1);
  session.moveBy(2, 'range');
  expect(state().selected).toEqual(new Set([0, 1, 3]));
  session.moveBy(99, 'one');
  expect(state().cursor).toBe(2);
});

test('what was asked about one collection is not shown of another one', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  void session.trainProbe();
  void session.findLookAlikes();
  const asked = [find('trainProbe'), find('lookAlikes')];
  void session.openCollection('c2');
  await find('openCollection').answer(
    succeed({
      collection: kept({ id: 'c2' }),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  for (const call of asked) {
    expect(call.signal?.aborted).toBe(true);
    await call.answer(succeed({ ...votesOf(0, 1, 1, 0), groups: [], nearest: null, threshold: 1 }));
  }
  expect(state()).toMatchObject({ probe: { status: 'idle' }, lookAlikes: { status: 'idle' } });
});
