import { afterEach, expect, test, vi } from 'vitest';
import { SmallPictures } from './small-pictures.ts';
import { Thumbnails } from './thumbnails.ts';

/** A decoder that answers when it is told to. Each picture is one letter. */
function setUp() {
  const open: { readonly letter: string; answer(): Promise<void> }[] = [];
  const closed: string[] = [];
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => {
    const letter = await blob.text();
    return new Promise((resolve) => {
      const answer = async (): Promise<void> => {
        open.splice(
          open.findIndex((each) => each.letter === letter),
          1,
        );
        resolve({ letter, close: () => closed.push(letter) });
        await settled();
      };
      open.push({ letter, answer });
    });
  });
  const letters = 'abcdefghijkl';
  const ends = Uint32Array.from(letters, (_, at) => at + 1);
  return { pictures: new SmallPictures(new Thumbnails(new Blob([letters]), ends)), open, closed };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

afterEach(() => void vi.unstubAllGlobals());

test('eight are decoded at once, of those that wait the last asked first; who has gone waits no more', async () => {
  const { pictures, open } = setUp();
  const shown: number[] = [];
  const ends = Array.from({ length: 12 }, (_, at) => pictures.watch(at, () => shown.push(at)));
  await settled();
  expect(open.map(({ letter }) => letter).join('')).toBe('abcdefgh');
  ends[11]?.();
  await open[0]?.answer();
  expect(shown).toEqual([0]);
  expect(open.map(({ letter }) => letter).join('')).toBe('bcdefghk');
  expect(pictures.peek(0)).toBeDefined();
  expect(pictures.peek(1)).toBeUndefined();
});

test('what is there is shown at once, and is not decoded again', async () => {
  const { pictures, open } = setUp();
  pictures.watch(2, () => undefined);
  await settled();
  await open[0]?.answer();
  const show = vi.fn<() => void>();
  pictures.watch(2, show);
  await settled();
  expect(show).toHaveBeenCalledOnce();
  expect(open).toEqual([]);
});

test('a picture that comes later is shown to those that wait for it', async () => {
  const { pictures, open } = setUp();
  const show = vi.fn<() => void>();
  pictures.watch(40, show);
  await settled();
  expect(open).toEqual([]);
  pictures.add(40, new Blob(['z']));
  await settled();
  await open[0]?.answer();
  expect(show).toHaveBeenCalledOnce();
});

test('all are closed with the collection, also one that was still being decoded', async () => {
  const { pictures, open, closed } = setUp();
  pictures.watch(0, () => undefined);
  pictures.watch(1, () => undefined);
  await settled();
  await open[0]?.answer();
  pictures.close();
  expect(closed).toEqual(['a']);
  await open[0]?.answer();
  expect(closed).toEqual(['a', 'b']);
});
