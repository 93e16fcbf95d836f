/** Masks beside photographs, with the worker's own code behind the calls. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fail } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { CallContext } from '../../rpc/serve-calls.ts';
import { greyPng } from '../../testing/make-png.ts';
import { createMaskHandlers } from '../../worker/mask-handlers.ts';
import { createAppStore, type AppStore } from '../state/app-store.ts';
import type { NewPhoto, Photo } from '../state/photo.ts';
import { parseSettings } from '../state/settings.ts';
import { createMasks, keyOfGrid, type Masks } from './masks.ts';
import { createSession } from './session.ts';

const handlers = createMaskHandlers();
const context = { signal: new AbortController().signal, onProgress: () => undefined } as CallContext<never>;

const rowsOf = (height: number, width: number, greyAt: (x: number, y: number) => number): number[][] =>
  Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => greyAt(x, y)));
const pngOf = (rows: number[][]): BlobPart[] => [greyPng(rows) as Uint8Array<ArrayBuffer>];
/** Many greys, 16 × 24\u00a0px. */
const photographBytes = pngOf(rowsOf(16, 24, (x, y) => x + 24 * (y % 8)));
const maskBytes = pngOf(rowsOf(16, 24, (x) => (x < 12 ? 255 : 0)));
const squareBytes = pngOf(rowsOf(24, 24, (x) => (x < 12 ? 255 : 0)));

const picture = (name: string, bytes: BlobPart[], path?: string): NewPhoto => {
  const file = new File(bytes, name);
  if (path !== undefined) Object.defineProperty(file, 'path', { value: path });
  return { name, alt: null, credit: null, blob: file };
};

let store: AppStore;
let masks: Masks;
let counted: number;
let answered: number;
let isLost: boolean;

beforeEach(() => {
  store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 96 });
  counted = 0;
  answered = 0;
  isLost = false;
  const call = async (method: string, request: never) => {
    if (isLost) return fail({ code: 'worker-stuck' });
    if (method === 'readMask') return handlers.readMask(request, context);
    if (method !== 'countCells') return new Promise(() => undefined);
    counted += 1;
    const outcome = await handlers.countCells(request, context);
    answered += 1;
    return outcome;
  };
  const client = { call, onGone: () => () => undefined } as unknown as EngineClient;
  masks = createMasks(client, store, createSession(client, store, { backend: 'auto' }));
});

const strip = (): Photo[] => store.getState().order.flatMap((id) => store.getState().photos[id] ?? []);
/** "cat.jpg<cat.png" for a photograph with its mask. */
const names = (): string[] =>
  strip().map(({ name, mask }) => (mask === null ? name : `${name}<${mask.name}`));
const messages = (): string[] => store.getState().messages.map(({ text }) => text);
const photoOf = (name: string): Photo =>
  strip().find((photo) => photo.name === name) ?? expect.unreachable(`no ${name}`);

describe('a drop', () => {
  it('gives a PNG of a photograph’s name to it, where it is a mask', async () => {
    await masks.add([picture('cat.png', maskBytes), picture('Cat.JPG', photographBytes)]);
    expect(names()).toEqual(['Cat.JPG<cat.png']);
    expect(messages()).toEqual([expect.stringMatching(/^cat\.png is the mask of Cat\.JPG\./)]);
    expect(photoOf('Cat.JPG').mask?.facts).toMatchObject({ count: 1, borderShare: 0 });
  });

  it('keeps both as photographs where the PNG has many colours', async () => {
    await masks.add([picture('cat.jpg', photographBytes), picture('cat.png', photographBytes)]);
    expect(names()).toEqual(['cat.jpg', 'cat.png']);
    expect(messages()).toEqual([
      expect.stringMatching(
        /^cat\.png is no mask of cat\.jpg: it has more than 30 colours.*stays a photograph/,
      ),
    ]);
    expect(store.getState().selectedId).toBe(photoOf('cat.jpg').id);
  });

  it('keeps a drawing of few colours without a background, and takes it as a mask where a person says so', async () => {
    const drawing = pngOf(rowsOf(16, 24, (x) => (x < 12 ? 255 : 90)));
    await masks.add([picture('cat.jpg', photographBytes), picture('cat.png', drawing)]);
    expect(names()).toEqual(['cat.jpg', 'cat.png']);
    expect(messages()).toEqual([expect.stringMatching(/no pixel of it is black.*stays a photograph/)]);
    await masks.assign(photoOf('cat.png').id, photoOf('cat.jpg').id);
    expect(names()).toEqual(['cat.jpg<cat.png']);
  });

  it('keeps a mask of another shape as a photograph, with both sizes', async () => {
    await masks.add([picture('cat.jpg', photographBytes), picture('cat.png', squareBytes)]);
    expect(names()).toEqual(['cat.jpg', 'cat.png']);
    expect(messages()[0]).toContain('another shape, 24 × 24\u00a0px where the photograph has 24 × 16');
  });

  it('says nothing of PNGs with names of their own', async () => {
    await masks.add([picture('cat.jpg', photographBytes), picture('dog.png', maskBytes)]);
    expect(names()).toEqual(['cat.jpg', 'dog.png']);
    expect(messages()).toEqual([]);
  });

  it('tells a folder of masks in one sentence, and keeps to their folders', async () => {
    const folders = ['cow', 'dog', 'hen'];
    await masks.add([
      ...folders.map((folder) => picture('1.png', maskBytes, `masks/${folder}/1.png`)),
      ...folders.toReversed().map((folder) => picture('1.jpg', photographBytes, `images/${folder}/1.jpg`)),
    ]);
    expect(names()).toEqual(['1.jpg<1.png', '1.jpg<1.png', '1.jpg<1.png']);
    for (const { blob, mask } of strip()) {
      const folderOf = (file: Blob | undefined) => (file as unknown as { path: string }).path.split('/')[1];
      expect(folderOf(mask?.blob)).toBe(folderOf(blob));
    }
    expect(messages()).toEqual([expect.stringMatching(/^3 masks were found/)]);
  });

  it('gives masks of one name, without folders, to photographs that have none yet', async () => {
    await masks.add([picture('1.jpg', photographBytes), picture('1.jpg', photographBytes)]);
    await masks.add([picture('1.png', maskBytes), picture('1.png', maskBytes)]);
    expect(names()).toEqual(['1.jpg<1.png', '1.jpg<1.png']);
  });

  it('of a mask alone finds the photograph in the strip, and the other way round', async () => {
    await masks.add([picture('cat.jpg', photographBytes)]);
    await masks.add([picture('dog.png', maskBytes)]);
    await masks.add([picture('cat.png', maskBytes)]);
    expect(names()).toEqual(['cat.jpg<cat.png', 'dog.png']);
    await masks.add([picture('dog.jpg', photographBytes)]);
    expect(names()).toEqual(['cat.jpg<cat.png', 'dog.jpg<dog.png']);
  });

  it('with a second mask for a photograph brings the first one back', async () => {
    await masks.add([picture('cat.jpg', photographBytes), picture('cat.png', maskBytes, 'one/cat.png')]);
    await masks.add([picture('cat.png', maskBytes, 'two/cat.png')]);
    expect(names()).toEqual(['cat.jpg<cat.png', 'cat.png']);
    const pathOf = (blob: Blob | undefined) => (blob as unknown as { path: string }).path;
    expect(strip().map(({ mask, blob }) => pathOf(mask?.blob ?? blob))).toEqual([
      'two/cat.png',
      'one/cat.png',
    ]);
    expect(messages().at(-1)).toMatch(/^cat\.png is the mask of cat\.jpg\. cat\.png is a photograph again\./);
  });

  it('of two PNGs of one name tells which is the mask', async () => {
    await masks.add([
      picture('cat.png', maskBytes, 'masks/cat.png'),
      picture('cat.png', photographBytes, 'images/cat.png'),
    ]);
    expect(names()).toEqual(['cat.png<cat.png']);
    expect(strip()[0]?.blob.size).toBe(new Blob(photographBytes).size);
  });

  it('loses nothing where the worker is lost', async () => {
    isLost = true;
    await masks.add([picture('cat.jpg', photographBytes), picture('cat.png', maskBytes)]);
    expect(names()).toEqual(['cat.jpg', 'cat.png']);
    expect(messages()[0]).toContain('It stays a photograph.');
  });
});

describe('by hand', () => {
  beforeEach(async () => {
    await masks.add([
      picture('cat.jpg', photographBytes),
      picture('thing.png', maskBytes),
      picture('dog.jpg', photographBytes),
    ]);
  });

  it('a picture of the strip becomes a mask, and its photograph is selected', async () => {
    await masks.assign(photoOf('thing.png').id, photoOf('dog.jpg').id);
    expect(names()).toEqual(['cat.jpg', 'dog.jpg<thing.png']);
    expect(store.getState().selectedId).toBe(photoOf('dog.jpg').id);
    expect(messages()).toEqual([expect.stringMatching(/^thing\.png is the mask of dog\.jpg\./)]);
  });

  it('a picture that is no mask stays, with a warning', async () => {
    await masks.assign(photoOf('dog.jpg').id, photoOf('cat.jpg').id);
    expect(names()).toEqual(['cat.jpg', 'thing.png', 'dog.jpg']);
    expect(store.getState().messages).toMatchObject([{ tone: 'warning' }]);
  });

  it('a mask becomes a picture again, and leaves with its photograph', async () => {
    await masks.assign(photoOf('thing.png').id, photoOf('cat.jpg').id);
    masks.release(photoOf('cat.jpg').id);
    expect(names()).toEqual(['cat.jpg', 'dog.jpg', 'thing.png']);
    await masks.assign(photoOf('thing.png').id, photoOf('cat.jpg').id);
    store.getState().removePhotos([photoOf('cat.jpg').id]);
    expect(names()).toEqual(['dog.jpg']);
  });
});

describe('pixels are counted', () => {
  const photoSizePx = { height: 16, width: 24 };
  const grid = (columns: number) => ({
    rows: 1,
    columns,
    box: { top: 0, left: 0, ...photoSizePx },
    photoSizePx,
  });
  const hasCounts = (count: number): Promise<void> =>
    vi.waitFor(() => expect(photoOf('cat.jpg').mask?.counts.size).toBe(count));

  beforeEach(() => masks.add([picture('cat.jpg', photographBytes), picture('cat.png', maskBytes)]));

  it('once for each grid, and kept with the mask', async () => {
    const { id } = photoOf('cat.jpg');
    masks.count(id, grid(2));
    masks.count(id, grid(2));
    await hasCounts(1);
    masks.count(id, grid(2));
    masks.count(id, grid(4));
    await hasCounts(2);
    expect(counted).toBe(2);
    const counts = photoOf('cat.jpg').mask?.counts;
    expect([...(counts?.get(keyOfGrid(grid(2)))?.cells ?? [])]).toEqual([0, 192, 192, 0]);
    expect([...(counts?.keys() ?? [])]).toEqual([keyOfGrid(grid(2)), keyOfGrid(grid(4))]);
  });

  it('again after the engine was lost', async () => {
    const { id } = photoOf('cat.jpg');
    isLost = true;
    masks.count(id, grid(2));
    // The call has failed already; the page hears of it in the next task.
    await new Promise((resolve) => setTimeout(resolve));
    expect(photoOf('cat.jpg').mask?.counts.size).toBe(0);
    isLost = false;
    masks.count(id, grid(2));
    await hasCounts(1);
  });

  it('and dropped where the mask has left meanwhile', async () => {
    const { id } = photoOf('cat.jpg');
    masks.count(id, grid(2));
    masks.release(id);
    await vi.waitFor(() => expect(answered).toBe(1));
    await new Promise((resolve) => setTimeout(resolve));
    expect(photoOf('cat.jpg').mask).toBeNull();
  });
});
