import reference from '../../../tools/reference/fixtures/evaluation.json' with { type: 'json' };
import { embeddedObjects } from '../../../src/testing/object-fixtures.ts';
import { check, ensure, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';

/** The ellipse of the reference, white on black, as a PNG of this engine. */
async function ellipseFile(
  { ellipse }: (typeof reference.embedded)[number],
  photo: Blob,
  name: string,
): Promise<File> {
  const { width, height } = await createImageBitmap(photo);
  const [[centreY = 0, centreX = 0], [radiusY = 1, radiusX = 1]] = [ellipse.centre, ellipse.radii];
  const pixels = new ImageData(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [down, across] = [(y + 0.5 - centreY) / radiusY, (x + 0.5 - centreX) / radiusX];
      const level = down ** 2 + across ** 2 <= 1 ? 255 : 0;
      pixels.data.set([level, level, level, 255], 4 * (y * width + x));
    }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return new File([await canvas.convertToBlob({ type: 'image/png' })], name);
}

/** @returns the alpha of each pixel, row by row */
async function alphaOf(
  file: Blob,
): Promise<{ readonly width: number; readonly height: number; at(x: number, y: number): number }> {
  const picture = await createImageBitmap(file, { premultiplyAlpha: 'none' });
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) throw new Error('no 2D context');
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, at: (x, y) => data[4 * (y * width + x) + 3] as number };
}

export const maskChecks: readonly Check[] = [
  check('a cut-out is saved, and its alpha is the mask that SciPy found', async (app) => {
    const wanted = embeddedObjects.find(({ name }) => name === 'dahlia, square, keys of block 8');
    if (wanted === undefined) throw new Error('no case of the dahlia');
    await app.open('backend=wasm&side=224&lens=objects');
    await app.give(await sampleFile('dahlia'));
    await app.allDone(1);
    await app.choose('Square');
    await app.factIs('Rows × columns', '14 × 14');
    await app.press('Save cut-out, mask, boxes');
    const file = await app.saved(() => app.press('Cut-out: Object'));
    ensure(/^dahlia-object-cut-out-.*\.png$/.test(file.name), `the file is called ${file.name}`);
    const alpha = await alphaOf(file);
    const { width, height } = await createImageBitmap(await sampleFile('dahlia'));
    ensure(alpha.width === width && alpha.height === height, `it has ${alpha.width} × ${alpha.height} px`);
    const patch = (pixel: number, length: number): number => Math.floor(((pixel + 0.5) * 14) / length);
    let wrong = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const isIn = wanted.tokencut.mask[14 * patch(y, height) + patch(x, width)] === 1;
        if (alpha.at(x, y) !== (isIn ? 255 : 0)) wrong += 1;
      }
    ensure(wrong === 0, `${wrong} pixels are not as the mask`);
  }),
  check('a mask beside its photograph has the scores that NumPy and SciPy found', async (app) => {
    const wanted = reference.embedded.find(({ sample }) => sample === 'cat');
    if (wanted === undefined) throw new Error('no case of the cat');
    await app.open(`backend=wasm&side=${wanted.side}&lens=objects`);
    const photo = await sampleFile('cat');
    await app.give(photo, await ellipseFile(wanted, photo, 'cat.png'));
    await app.get('radio', /^cat\.jpg: done, with a mask$/);
    await app.reads(/cat\.png is the mask of cat\.jpg/);
    await app.factIs('Fit to the mask', wanted.fits.tokencut.jaccard.toFixed(3));
    await app.factIs('Fit of its box', wanted.fits.tokencut.overlap.toFixed(3));
  }),
];
