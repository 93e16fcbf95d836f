import { expect, test } from 'vitest';
import { hasPhotographEnding, isMacNote } from './file-names.ts';

test.each(['._cat.jpg', '._dino.pth', 'stick/._cat.jpg', 'C:\\stick\\._cat.jpg', '._'])(
  '%s is what macOS notes',
  (path) => expect(isMacNote(path)).toBe(true),
);

test.each(['cat.jpg', '.hidden.jpg', 'a._b.jpg', '._folder/cat.jpg', '_cat.jpg'])('%s is not', (path) =>
  expect(isMacNote(path)).toBe(false),
);

test.each(['a.jpg', 'a.JPEG', 'a.jfif', 'a.bmp', 'a.avif', 'a.tif', 'a.b.png'])(
  '%s ends as photographs do',
  (path) => expect(hasPhotographEnding(path)).toBe(true),
);

test.each(['a', 'a.pth', 'a.jpg.txt', 'jpg', 'a.heic'])('%s does not', (path) =>
  expect(hasPhotographEnding(path)).toBe(false),
);
