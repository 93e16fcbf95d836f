import { expect, it } from 'vitest';
import { frameOfGrid } from '../../testing/looks.ts';
import { createAppStore } from '../state/app-store.ts';
import type { Photo } from '../state/photo.ts';
import { parseSettings } from '../state/settings.ts';
import { canBeLearned } from './chosen-photographs.ts';

function photoWith(change: Partial<Photo>): Photo {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 96 });
  store.getState().addPhotos([{ name: 'a', alt: null, credit: null, blob: new Blob() }], true);
  const [photo] = Object.values(store.getState().photos);
  if (photo === undefined) expect.unreachable('it was added');
  return { ...photo, ...change };
}

const failed = { status: 'failed', failure: { code: 'not-an-image' } } as const;

it.each([
  ['one that waits', {}, true],
  ['a file that is no picture', { state: failed }, false],
  ['one that failed after it had been looked at', { state: failed, seen: { any: frameOfGrid(2, 3) } }, true],
] as const)('%s', (_, change, expected) => {
  expect(canBeLearned(photoWith(change))).toBe(expected);
});
