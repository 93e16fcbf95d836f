import { expect, it } from 'vitest';
import { pictureFileName } from './save-picture.ts';

const token = (index: number) => ({ token: index, patch: null });

it.each([
  ['Chelsea the cat', token(0), 'All heads', 'chelsea-the-cat-all-heads-nano8.png'],
  ['IMG_2041.JPEG', token(2), 'Head 1', 'img-2041-register-2-head-1-nano8.png'],
  [
    'cat.jpg',
    { token: 0, patch: { row: 4, column: 11 } },
    'Head 1',
    'cat-patch-row-5-column-12-head-1-nano8.png',
  ],
  ['../söders malm?.png', token(0), 'Mean', 'söders-malm-mean-nano8.png'],
  // A lens that asks no token.
  ['cat.jpg', null, 'Block 3', 'cat-block-3-nano8.png'],
] as const)('names the picture of %s', (name, query, shown, expected) => {
  expect(pictureFileName(name, query, shown, 'nano8')).toBe(expected);
});
