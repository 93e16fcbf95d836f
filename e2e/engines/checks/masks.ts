import reference from '../../../tools/reference/fixtures/evaluation.json' with { type: 'json' };
import { check, type Check } from '../page/check.ts';
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

export const maskChecks: readonly Check[] = [
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
