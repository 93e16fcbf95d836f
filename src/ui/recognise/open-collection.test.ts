/** What the page does with an open collection: selecting, pasted lists, presenting, and giving it to a training run. */
import { expect, test } from 'vitest';
import { succeed } from '../../core/result.ts';
import type { GatherProgress } from '../../rpc/recognise-contract.ts';
import { item, kept, photograph, settled, setUp } from '../../testing/recognise-session.ts';

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
