/** Classes that a person gives, and photographs that are taken out. */
import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, succeed } from '../../core/result.ts';
import { item, kept, settled, setUp, votesOf } from '../../testing/recognise-session.ts';

test('a photograph that is given to a class is there at once, and everybody is asked again; nothing moves', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  session.selectItem(3, 'one');
  session.teach('pots');
  expect(state().open?.items[3]?.className).toBe('pots');
  await settled();
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 3, className: 'pots' }] });
  await find('setClasses').answer(succeed({ collection: kept() }));
  await find('vote').answer(succeed(votesOf(1, 1, 0, 1)));
  expect(state().arranged).toEqual([1, 3, 0, 2]);

  session.undoTeaching();
  expect(state().open?.items[3]?.className).toBeNull();
  await settled();
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 3, className: null }] });
});

test('a new class comes last, so that the others keep their keys; one that is empty stays', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.addClass('bowls');
  session.selectItem(0, 'one');
  session.selectItem(1, 'range');
  session.teach('apples');
  expect(state().open?.classNames).toEqual(['mugs', 'pots', 'bowls', 'apples']);
  expect(state().selected).toEqual(new Set([0, 1, 3]));
  expect(state().open?.items.map(({ className }) => className)).toEqual([
    'apples',
    'apples',
    'pots',
    'apples',
  ]);
});

test('changes of classes reach the worker in their order', async () => {
  const { session, find, calls, openFour } = setUp();
  await openFour();
  session.teach('pots', [0]);
  session.teach('mugs', [0]);
  await settled();
  expect(calls.filter(({ method }) => method === 'setClasses')).toHaveLength(1);
  await find('setClasses').answer(succeed({ collection: kept() }));
  // It is kept before the votes are there, and they are not stopped by it.
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 0, className: 'mugs' }] });
  const first = find('vote');
  await find('setClasses').answer(succeed({ collection: kept() }));
  expect(first.signal?.aborted).toBe(false);
  await first.answer(succeed(votesOf(0, 1, 1, 0)));
  expect(calls.map(({ method }) => method)).toEqual(['vote']);
});

test('while photographs are taken out, indices mean nothing: none is taken out or given to a class', async () => {
  const { session, state, find, calls, app, openFour } = setUp();
  await openFour();
  void session.removeItems([0]);
  void session.removeItems([0]);
  session.teach('pots', [1]);
  await settled();
  expect(calls.map(({ method }) => method)).toEqual(['removeItems']);
  expect(state().open?.items[1]?.className).toBe('mugs');
  expect(app.getState().messages.at(-1)?.text).toMatch(/are being taken out/);
  await find('removeItems').answer(fail({ code: 'collection-busy' }));
  session.teach('pots', [1]);
  expect(state().open?.items[1]?.className).toBe('pots');
});

const threeLeft = {
  collection: kept({ items: 3 }),
  items: [item(0, 'mugs'), item(1, 'pots'), item(2, null)],
  thumbnails: new Blob([]),
  thumbnailEnds: new Uint32Array(3),
};
test('what was taken out is put back by undoing, and nothing is changed meanwhile', async () => {
  const { session, state, find, calls, openFour } = setUp();
  await openFour();
  const first = [{ name: { path: 'mugs/0.jpg' } }];
  const second = [{ name: { path: 'mugs/1.jpg' } }];
  const read = async (answer: typeof threeLeft): Promise<void> => {
    await find('openCollection').answer(succeed(answer));
    await find('vote').answer(succeed(votesOf(0, 1, 1)));
    await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  };
  session.teach('pots', [1]);
  await settled();
  await find('setClasses').answer(succeed({ collection: kept() }));
  await find('vote').answer(succeed(votesOf(0, 1, 1, 0)));
  for (const removed of [first, second]) {
    void session.removeItems([0]);
    await settled();
    await find('removeItems').answer(succeed({ collection: kept({ items: 3 }), removed }));
    await read(threeLeft);
  }
  // Indices are others now, so a class that was given before is no step any more.
  expect(state().undo).toEqual([first, second].map((removed) => ({ kind: 'removal', removed })));
  session.undoTeaching();
  await settled();
  expect(find('putBack').request).toEqual({ id: 'c1', removed: second });
  session.teach('pots', [0]);
  expect(calls.map(({ method }) => method)).toEqual(['putBack']);
  // Where that fails, it can be tried again.
  await find('putBack').answer(fail({ code: 'collection-busy' }));
  await read(threeLeft);
  expect(state()).toMatchObject({ failure: { code: 'collection-busy' }, undo: [{}, { removed: second }] });
  session.undoTeaching();
  await settled();
  await find('putBack').answer(succeed({ collection: kept() }));
  await read({
    ...threeLeft,
    items: [...threeLeft.items, item(3, 'mugs')],
    thumbnailEnds: new Uint32Array(4),
  });
  expect(state()).toMatchObject({ undo: [{ removed: first }], failure: null });
  expect(state().open?.items).toHaveLength(4);
});

const fault: Failure = { code: 'storage-failed', problem: 'a fault of the disk' };

test('where what is left cannot be read the collection is closed, and can be opened and changed again', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  void session.removeItems([0]);
  await settled();
  await find('removeItems').answer(succeed({ collection: kept({ items: 3 }) }));
  await find('openCollection').answer(fail(fault));
  await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  expect(state()).toMatchObject({ open: null, failure: fault });
  void session.openCollection('c1');
  await find('openCollection').answer(succeed(threeLeft));
  session.teach('pots', [0]);
  expect(state().open?.items[0]?.className).toBe('pots');
});

test('after a fault of the disk it is read whether they were taken out, and can be changed again', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  void session.removeItems([0]);
  await settled();
  await find('removeItems').answer(fail(fault));
  await find('openCollection').answer(succeed(threeLeft));
  await find('vote').answer(succeed(votesOf(0, 1, 1)));
  await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  expect(state()).toMatchObject({ open: { items: threeLeft.items }, failure: fault });
  session.teach('pots', [0]);
  expect(state().open?.items[0]?.className).toBe('pots');
});

test('a class that could not be kept is not shown as if it were', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  session.teach('pots', [0, 3]);
  await settled();
  session.teach('mugs', [0]);
  await find('setClasses').answer(fail({ code: 'collection-busy' }));
  expect(state().failure).toEqual({ code: 'collection-busy' });
  expect(state().open?.items.map(({ className }) => className)).toEqual(['mugs', 'mugs', 'pots', null]);
});
