/** Tests of the pixels that the network gets: upright in every format, and correct in browsers that add noise to canvases. */
import sharp, { type Sharp } from 'sharp';
import { beforeWorker } from './before-worker.ts';
import { expect, samplePath, test } from './scope.ts';

/** Colours as `plainColours` returns them: 0 or 1 for each channel. */
const colours = { red: '100', green: '010', blue: '001', white: '111' } as const;
type Colour = keyof typeof colours;

/** The stored picture lies on its side. Its quarters are listed clockwise from the upper left corner. */
const corners: readonly Colour[] = ['red', 'green', 'blue', 'white'];

/** The stored corners after the picture is turned upright, clockwise from the upper left. Source: EXIF 2.32, tag 0x0112. */
const upright: Readonly<Record<number, readonly Colour[]>> = {
  1: ['red', 'green', 'blue', 'white'],
  2: ['green', 'red', 'white', 'blue'],
  3: ['blue', 'white', 'red', 'green'],
  4: ['white', 'blue', 'green', 'red'],
  5: ['red', 'white', 'blue', 'green'],
  6: ['white', 'red', 'green', 'blue'],
  7: ['blue', 'green', 'red', 'white'],
  8: ['green', 'blue', 'white', 'red'],
};

async function quarters(): Promise<Sharp> {
  const quarter = (colour: Colour): Promise<Buffer> => {
    const background = `#${colours[colour].replaceAll('1', 'f')}`;
    return sharp({ create: { height: 48, width: 64, channels: 3, background } })
      .png()
      .toBuffer();
  };
  const places = [
    { left: 0, top: 0 },
    { left: 64, top: 0 },
    { left: 64, top: 48 },
    { left: 0, top: 48 },
  ];
  const parts = await Promise.all(
    corners.map(async (colour, i) => ({ input: await quarter(colour), ...places[i] })),
  );
  const picture = sharp({ create: { height: 96, width: 128, channels: 3, background: '#000' } });
  return sharp(await picture.composite(parts).png().toBuffer());
}

const encoders: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  jpg: (picture) => picture.jpeg({ chromaSubsampling: '4:4:4' }),
  png: (picture) => picture.png(),
  webp: (picture) => picture.webp({ lossless: true }),
  avif: (picture) => picture.avif({ lossless: true, effort: 0 }),
};

test('every format is upright in each of the eight orientations', async ({ scope, folder }) => {
  test.setTimeout(600_000);
  const files: { name: string; orientation: number; path: string }[] = [];
  const stored = await quarters();
  for (const [ending, encode] of Object.entries(encoders))
    for (let orientation = 1; orientation <= 8; orientation++) {
      const name = `${orientation}.${ending}`;
      const bytes = await encode(stored.clone().withMetadata({ orientation })).toBuffer();
      files.push({ name, orientation, path: await folder.write(name, bytes) });
    }
  await scope.open('backend=wasm&side=128');
  await scope.drop(...files.map(({ path }) => path));
  await scope.allSettled(files.length);
  // Clockwise from the upper left.
  const places = [
    { x: 0.25, y: 0.25 },
    { x: 0.75, y: 0.25 },
    { x: 0.75, y: 0.75 },
    { x: 0.25, y: 0.75 },
  ];
  for (const { name, orientation } of files) {
    await scope.select(name);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    await expect(scope.fact('Rows × columns')).toHaveText(orientation >= 5 ? '8 × 6' : '6 × 8');
    // The picture is drawn once it is decoded for the screen. This can be after its maps.
    await expect
      .poll(() => scope.plainColours('photo', places))
      .toEqual((upright[orientation] ?? []).map((colour) => colours[colour]));
  }
});

/** Noise as Brave adds it: it changes the lowest bit of some values. */
const noiseInCanvas = `
  const getImageData = OffscreenCanvasRenderingContext2D.prototype.getImageData;
  OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...area) {
    const image = getImageData.apply(this, area);
    for (let at = 0; at < image.data.length; at += 31) image.data[at] ^= at % 4 === 3 ? 0 : 1;
    return image;
  };`;

/** As in Firefox when it resists fingerprinting: the canvas gives only noise, and there is no WebCodecs. */
const nothingButNoise = `
  OffscreenCanvasRenderingContext2D.prototype.getImageData = function (x, y, width, height) {
    const image = new ImageData(width, height);
    for (let at = 0; at < image.data.length; at += 60_000)
      crypto.getRandomValues(image.data.subarray(at, at + 60_000));
    return image;
  };`;

const withoutWebCodecs = 'delete globalThis.VideoFrame; delete globalThis.ImageDecoder;';

test.describe('a browser that protects against fingerprinting', () => {
  const query = 'backend=wasm&side=128';

  test('and changes what a canvas gives: the pixels come another way, and the maps are the same', async ({
    scope,
    page,
  }) => {
    const overlay = async (): Promise<string> => {
      await scope.open(query);
      await scope.drop(samplePath('cat'));
      await scope.allSettled(1);
      await scope.showView('Head 1');
      // A message of the first visit takes a row, and half a pixel of it may be another size of the picture.
      const dismiss = page.getByRole('button', { name: 'Dismiss' });
      while ((await dismiss.count()) > 0) await dismiss.first().click();
      return scope.overlayPicture();
    };
    const plain = await overlay();
    await beforeWorker(page, noiseInCanvas);
    expect(await overlay()).toBe(plain);
    await expect(page.getByText('changes the pixels')).toHaveCount(0);
  });

  test('and leaves no exact way: the page says at its start that the numbers are a little off', async ({
    scope,
    page,
  }) => {
    await beforeWorker(page, noiseInCanvas + withoutWebCodecs);
    await scope.open(query);
    await scope.isReady();
    await expect(scope.messages.getByText('changes the pixels that pages read')).toBeVisible();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    await expect(scope.stage).toContainText('changes the pixels that pages read');
  });

  test('and gives nothing but noise: no map is shown, and a sentence says why', async ({ scope, page }) => {
    await beforeWorker(page, nothingButNoise + withoutWebCodecs);
    await scope.open(query);
    await scope.isReady();
    await expect(scope.messages.getByText('noise in place of')).toBeVisible();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'failed');
    await expect(scope.stage).toContainText('noise in place of a photograph’s pixels');
  });
});

test('a photograph is decoded once for the network, the stage and the film strip', async ({
  scope,
  page,
}) => {
  await beforeWorker(
    page,
    `globalThis.decoded = 0;
    const create = globalThis.createImageBitmap;
    globalThis.createImageBitmap = (source, ...rest) => {
      if (source instanceof Blob) globalThis.decoded += 1;
      return create(source, ...rest);
    };`,
  );
  await scope.open('backend=wasm&side=128');
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  // The middle has an opaque pixel only after the picture is drawn on the stage.
  await expect.poll(async () => (await scope.alphas('photo', [{ x: 0.5, y: 0.5 }]))[0]).toBe(255);
  expect(
    await page.workers()[0]?.evaluate(() => (globalThis as unknown as { decoded: number }).decoded),
  ).toBe(1);
});
