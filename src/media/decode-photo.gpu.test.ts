/** In a browser: every file gives Pillow's pixels, even if the browser adds noise to canvases. */
import { describe, expect, test, vi } from 'vitest';
import { differenceFromPillow, imageCases } from '../testing/image-cases.ts';
import { openImage, readImage } from '../testing/read-image.ts';
import { quartersOf, turnedAvifs } from '../testing/turned-avif.ts';
import { convertsCmykPlainly } from './cmyk-probe.ts';
import { choosePixelReader, pixelReader, type ReadBitmap } from './read-pixels.ts';

describe('a photograph', () => {
  test.each(imageCases)('$name has the pixels that Pillow gives', async (imageCase) => {
    const { pixels } = await readImage(imageCase.file);
    expect(differenceFromPillow(pixels, imageCase)).toBeLessThanOrEqual(imageCase.tolerance);
  });

  test.each(imageCases)('$name is drawn for the screen as the network sees it', async (imageCase) => {
    const photo = await openImage(imageCase.file);
    expect(photo.sizePx).toEqual({ height: imageCase.height, width: imageCase.width });
    const bitmap = await photo.drawForScreen(4096);
    const { height, width } = bitmap;
    const values = await (await pixelReader()).read(bitmap);
    photo.close();
    // In formats that the browser decodes, transparent pixels stay transparent on the screen.
    if (!imageCase.name.includes('transparent'))
      expect(differenceFromPillow({ height, width, channels: 4, values }, imageCase)).toBeLessThanOrEqual(
        imageCase.tolerance,
      );
    bitmap.close();
  });

  test.each(turnedAvifs)(
    'as AVIF turned $quarterTurns times and mirrored by $mirror is upright',
    async ({ file, height, width, corners }) => {
      const { pixels } = await readImage(file);
      expect([pixels.height, pixels.width]).toEqual([height, width]);
      expect(quartersOf(pixels)).toEqual(corners);
    },
  );

  const noticesOf = async (name: string) => {
    const found = imageCases.find((each) => each.name === name);
    if (found === undefined) throw new Error(name);
    return (await readImage(found.file)).notices;
  };

  test.each([
    ['srgb-profile.png', []],
    ['gamma-of-srgb.png', []],
    ['gamma-1.png', ['colours-as-stored']],
    ['chromaticities.png', ['colours-as-stored']],
    ['codes-of-hdr.png', ['colours-as-stored']],
    ['linear-profile.png', ['colours-as-stored']],
    ['p3-profile.png', ['colours-as-stored']],
    ['p3-profile.jpg', ['colours-as-stored']],
    ['p3-profile.webp', ['colours-as-stored']],
    ['deep-p3-profile.png', ['sixteen-bit-reduced', 'colours-as-stored']],
    ['cmyk.jpg', ['cmyk-converted']],
    ['no-end-trailer.jpg', ['end-missing']],
    ['no-trailer.gif', ['end-missing']],
    ['offset.gif', []],
    ['offset-transparent.gif', ['alpha-flattened']],
    ['transparent.webp', ['alpha-flattened']],
  ])('%s tells what was done to it', async (name, expected) => {
    expect(await noticesOf(name)).toEqual(expected);
  });

  test('of CMYK is converted here as Pillow converts it', async () => {
    expect(await convertsCmykPlainly()).toBe(true);
  });
});

describe('pixels of a bitmap', () => {
  /** Noise as in Brave: changes the lowest bit of some values. */
  const noisy =
    (read: ReadBitmap): ReadBitmap =>
    async (bitmap) => {
      const values = await read(bitmap);
      for (let at = 0; at < values.length; at += 101) values[at] = (values[at] as number) ^ 1;
      return values;
    };
  const random: ReadBitmap = async ({ height, width }) =>
    Uint8ClampedArray.from({ length: height * width * 4 }, (_, i) => (i * 7919 + (i >> 3) * 31) & 255);
  const missing: ReadBitmap = () => Promise.reject(new ReferenceError('VideoFrame is not defined'));

  test('are read exactly here', async () => {
    expect((await choosePixelReader()).accuracy).toBe('exact');
  });

  const expectPillowsPixels = async (read: ReadBitmap): Promise<void> => {
    for (const imageCase of imageCases.filter(({ name }) => /^(turned|p3)/.test(name))) {
      const photo = await openImage(imageCase.file);
      const bitmap = await photo.drawForScreen(4096);
      const values = await read(bitmap);
      const pixels = { height: bitmap.height, width: bitmap.width, channels: 4, values } as const;
      if (differenceFromPillow(pixels, imageCase) > imageCase.tolerance) expect.unreachable(imageCase.name);
      bitmap.close();
      photo.close();
    }
  };

  test('come by a canvas, and exactly, where there is no VideoFrame', async () => {
    vi.stubGlobal('VideoFrame', undefined);
    try {
      const { read: readBitmap, accuracy } = await choosePixelReader();
      expect(accuracy).toBe('exact');
      await expectPillowsPixels(readBitmap);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('are read of a bitmap that is wider than a VideoFrame may be', async () => {
    const strip = new ImageData(40_000, 2);
    strip.data.forEach((_, at) => (strip.data[at] = at % 4 === 3 ? 255 : (at * 7) & 255));
    const bitmap = await createImageBitmap(strip);
    const { read, accuracy } = await choosePixelReader();
    expect(accuracy).toBe('exact');
    const values = await read(bitmap);
    expect(values.length).toBe(strip.data.length);
    expect(values.findIndex((value, at) => value !== strip.data[at])).toBe(-1);
    bitmap.close();
  });

  test('come by VideoFrame, and exactly, where a canvas has noise', async () => {
    // Replaces the canvas's method, for both the choice of the reader and the photograph.
    const original = OffscreenCanvasRenderingContext2D.prototype.getImageData;
    vi.spyOn(OffscreenCanvasRenderingContext2D.prototype, 'getImageData').mockImplementation(function noise(
      this: OffscreenCanvasRenderingContext2D,
      ...area: Parameters<typeof original>
    ) {
      const image = original.apply(this, area);
      for (let at = 0; at < image.data.length; at += 37) image.data[at] = (image.data[at] as number) ^ 1;
      return image;
    } as typeof original);
    try {
      const { read: readBitmap, accuracy } = await choosePixelReader();
      expect(accuracy).toBe('exact');
      await expectPillowsPixels(readBitmap);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('are called altered where no way is exact and one is near, and that one is taken', async () => {
    const { read: exact } = await choosePixelReader();
    const near = noisy(exact);
    const bitmap = await createImageBitmap(new ImageData(8, 8));
    const routeOf = async (...routes: [ReadBitmap, ...ReadBitmap[]]) => {
      const { read, accuracy } = await choosePixelReader(routes);
      return { values: await read(bitmap), accuracy };
    };
    const [altered, same] = [await near(bitmap), await exact(bitmap)];
    expect(altered).not.toEqual(same);
    expect(await routeOf(random, near)).toEqual({ values: altered, accuracy: 'altered' });
    expect(await routeOf(near, missing)).toEqual({ values: altered, accuracy: 'altered' });
    expect(await routeOf(near, exact)).toEqual({ values: same, accuracy: 'exact' });
    bitmap.close();
  });

  test('are called hidden where all is noise', async () => {
    expect((await choosePixelReader([random, missing])).accuracy).toBe('hidden');
  });
});
