import { expect, it } from 'vitest';
import { pictureFileName } from './save-picture.ts';

it.each([
  ['Chelsea the cat', 'all', 'chelsea-the-cat-all-heads-nano8.png'],
  ['IMG_2041.JPEG', 0, 'img-2041-head-1-nano8.png'],
  ['../söders malm?.png', 'mean', 'söders-malm-mean-nano8.png'],
] as const)('names the picture of %s', (name, view, expected) => {
  expect(pictureFileName(name, view, 'nano8')).toBe(expected);
});
