import { expect, it } from 'vitest';
import { patchAnswer } from '../../../testing/patch-answer.ts';
import { pictureFileName } from './save-picture.ts';

it.each([
  ['Chelsea the cat', 0, 'all', 'chelsea-the-cat-all-heads-nano8.png'],
  ['IMG_2041.JPEG', 2, 0, 'img-2041-register-2-head-1-nano8.png'],
  ['cat.jpg', patchAnswer({ row: 4, column: 11 }), 0, 'cat-patch-row-5-column-12-head-1-nano8.png'],
  ['../söders malm?.png', 0, 'mean', 'söders-malm-mean-nano8.png'],
] as const)('names the picture of %s', (name, query, view, expected) => {
  expect(pictureFileName(name, query, view, 'nano8')).toBe(expected);
});
