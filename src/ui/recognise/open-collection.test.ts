/** What the page does with an open collection: selecting, pasted lists, presenting, and giving it to a training run. */
import { expect, test } from 'vitest';
import { fail, succeed } from '../../core/result.ts';
import type { GatherProgress } from '../../rpc/recognise-contract.ts';
import { item, kept, photograph, settled, setUp, votesOf } from '../../testing/recognise-session.ts';

test('several are selected by presses alone, and the shown one can be taken away too', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.setPicksSeveral(true);
  for (const index of [2, 0, 3]) session.selectItem(index, 'toggle');
  session.selectItem(3, 'toggle');
  expect([...state().selected]).toEqual([2, 0]);
  expect(state().cursor).toBe(0);
  for (const index of [0, 2]) session.selectItem(index, 'toggle');
  expect(state()).toMatchObject({ selected: new Set(), cursor: null, picksSeveral: true });
  session.clearSelection();
  expect(state().picksSeveral).toBe(false);
});

test('a collection that is closed is presented no longer; a presentation of the viewer goes on', async () => {
  const { app, session, openFour } = setUp();
  await openFour();
  app.getState().setScreen('recognise');
  app.getState().setPresenting(true);
  session.closeCollection();
  expect(app.getState().presenting).toBe(false);
  app.getState().setScreen('viewer');
  app.getState().setPresenting(true);
  session.closeCollection();
  expect(app.getState().presenting).toBe(true);
});

test('a pasted list gives classes in one step that can be undone, and tells which of its lines gave none', async () => {
  const { app, session, state, find, openFour } = setUp();
  await openFour();
  session.pasteClasses('0.jpg,pots\nnobody.jpg,pots\n3.jpg,bowls');
  const classes = () => state().open?.items.map(({ className }) => className);
  expect(classes()).toEqual(['pots', 'mugs', 'pots', 'bowls']);
  expect(state().open?.classNames).toEqual(['mugs', 'pots', 'bowls']);
  expect(app.getState().messages.map(({ text }) => text)).toEqual([
    'Line 2: no photograph here is called “nobody.jpg”.',
  ]);
  await settled();
  await find('setClasses').answer(succeed({ collection: kept() }));
  session.undoTeaching();
  expect(classes()).toEqual(['mugs', 'mugs', 'pots', null]);
});

test('a collection is given to a training run: with its classes, and each photograph once', async () => {
  const { app, session, added, find } = setUp();
  const [first, second] = [photograph('mugs/0.jpg'), photograph('pots/2.jpg')];
  app.getState().addPhotos([{ name: '0.jpg', alt: null, credit: null, blob: first }], true);
  void session.gatherFiles([first, second]);
  await settled();
  const call = find('gatherFeatures');
  call.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const named = [first, second].map((file, index) => ({
    ...item(index, index === 0 ? 'cups' : 'pots'),
    path: index === 0 ? 'mugs/0.jpg' : 'pots/2.jpg',
    byteLength: file.size,
  }));
  call.tell({
    stage: 'photographs',
    done: 2,
    total: 2,
    known: 0,
    failed: 0,
    perSecond: null,
    added: named.map((each) => ({ item: each, thumbnail: null })),
  } satisfies GatherProgress);
  await call.answer(succeed({ how: 'finished', collection: kept({ items: 2 }) }));
  session.giveToTraining();
  expect(added).toEqual([{ name: '1.jpg', alt: null, credit: null, blob: second, className: 'pots' }]);
  expect(Object.values(app.getState().photos).map(({ className }) => className)).toEqual(['cups']);
});

test('what another window has changed is read again, whatever was asked, and said; what was taken out can still be put back', async () => {
  const { session, state, find, calls, openFour } = setUp();
  await openFour();
  void session.removeItems([3]);
  await settled();
  const removed = [{ name: item(3, null), className: null, content: { failure: { code: 'empty-file' } } }];
  await find('removeItems').answer(succeed({ collection: kept(), removed }));
  const three = [item(0, 'mugs'), item(1, 'mugs'), item(2, 'pots')];
  const answer = { collection: kept(), thumbnails: new Blob([]), thumbnailEnds: new Uint32Array(3) };
  await find('openCollection').answer(succeed({ ...answer, items: three }));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  await find('vote').answer(succeed(votesOf(0, 1, 1)));
  session.teach('pots', [0]);
  await settled();
  await find('setClasses').answer(succeed({ collection: kept() }));
  expect(state().undo.map(({ kind }) => kind)).toEqual(['removal', 'classes']);

  await find('vote').answer(fail({ code: 'collection-changed' }));
  await find('openCollection').answer(succeed({ ...answer, items: [item(0, 'pots'), item(1, 'bowls')] }));
  // It may be changing all the time: what is refused meanwhile is not read once more.
  await find('vote').answer(fail({ code: 'collection-changed' }));
  expect(calls.map(({ method }) => method)).toEqual([]);
  expect(state().open?.items.map(({ className }) => className)).toEqual(['pots', 'bowls']);
  expect(state().open?.classNames).toEqual(['mugs', 'pots', 'bowls']);
  expect(state().failure).toEqual({ code: 'collection-changed' });
  expect(state().undo).toEqual([{ kind: 'removal', removed }]);
});
