import { expect, it } from 'vitest';
import { frameOfGrid } from '../../testing/looks.ts';
import type { Failure } from '../../core/failure.ts';
import { createAppStore } from './app-store.ts';
import { type Photo, readableOf } from './photo.ts';
import { parseSettings } from './settings.ts';

function photoWith(change: Partial<Photo>): Photo {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 96 });
  store.getState().addPhotos([{ name: 'a', alt: null, credit: null, blob: new Blob() }], true);
  const [photo] = Object.values(store.getState().photos);
  if (photo === undefined) expect.unreachable('it was added');
  return { ...photo, ...change };
}

const failed = (failure: Failure): Partial<Photo> => ({ state: { status: 'failed', failure } });
const noImage = failed({ code: 'not-an-image' });

it.each<[string, Partial<Photo>, boolean]>([
  ['one that waits', {}, true],
  ['a file that is no picture', noImage, false],
  ['a damaged picture', failed({ code: 'damaged-image', format: 'png', problem: 'truncated' }), false],
  ['a file that is gone', failed({ code: 'unreadable-file' }), false],
  ['a picture at which the engine failed', failed({ code: 'worker-stuck' }), true],
  ['one that failed after it had been looked at', { ...noImage, seen: { any: frameOfGrid(2, 3) } }, true],
])('%s', (_, change, expected) => {
  const photo = photoWith(change);
  expect(readableOf([photo.id, 'removed'], { [photo.id]: photo })).toEqual(expected ? [photo] : []);
});
