import { expect, test } from 'vitest';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import { createAppStore } from './app-store.ts';
import type { Outcome } from './photo.ts';
import { parseSettings } from './settings.ts';
import { shownView } from './shown-view.ts';

const outcomeWith = (numHeads: number): Outcome => ({ result: { numHeads } as AttentionResult }) as Outcome;

/** A store with one photograph that shows a result of so many heads. */
function storeWith(numHeads: number) {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 320 });
  const { addPhotos, setPhotoState } = store.getState();
  addPhotos([{ name: 'a', alt: null, credit: null, blob: new Blob() }], true);
  setPhotoState('photo-1', () => ({ status: 'cancelled', previous: outcomeWith(numHeads) }));
  return store;
}

test.each([
  [4, 11, 'all'],
  [4, 3, 3],
  [12, 11, 11],
  [4, 'mean', 'mean'],
  [4, 'all', 'all'],
] as const)('a result of %i heads with view %s shows %s', (numHeads, view, shown) => {
  const store = storeWith(numHeads);
  store.getState().setView(view);
  expect(shownView(store.getState())).toBe(shown);
});

test('the next result, of a model with fewer heads, does not leave a head on view that it has not', () => {
  const store = storeWith(12);
  store.getState().setView(9);
  expect(shownView(store.getState())).toBe(9);
  store.getState().setPhotoState('photo-1', () => ({ status: 'done', outcome: outcomeWith(4) }));
  expect(shownView(store.getState())).toBe('all');
});

test('without a result the choice stands', () => {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 320 });
  store.getState().setView(5);
  expect(shownView(store.getState())).toBe(5);
});
