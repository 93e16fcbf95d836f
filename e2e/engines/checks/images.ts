import { failureOf } from '../../../src/core/failure.ts';
import { differenceFromPillow, imageCases } from '../../../src/testing/image-cases.ts';
import { readImage } from '../../../src/testing/read-image.ts';
import { quartersOf, turnedAvifs } from '../../../src/testing/turned-avif.ts';
import { check, ensure, equal, type Check } from '../page/check.ts';

/** Extra tolerance, in levels of 255, above the usual difference of two decoders: Firefox rounds 16 bits to 8, Pillow truncates. */
const extraTolerance = (name: string): number => (name.startsWith('deep') ? 1 : 0);

const fileOf = (name: string): File => {
  const found = imageCases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return new File([found.file], name);
};

/** Checks of image files: most use only the page's decoding code in this engine, and one uses the whole page. */
export const imageChecks: readonly Check[] = [
  check('every kind of image file has the pixels that Pillow gives', async () => {
    const wrong: string[] = [];
    for (const imageCase of imageCases) {
      const { name, file, tolerance } = imageCase;
      try {
        const { pixels } = await readImage(file);
        const difference = differenceFromPillow(pixels, imageCase);
        if (difference > tolerance + extraTolerance(name)) wrong.push(`${name} by ${difference}`);
      } catch (error) {
        wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    equal('what differs from Pillow', wrong, []);
  }),

  check('AVIF is upright however it says that it is turned', async () => {
    for (const { file, height, width, corners, quarterTurns, mirror } of turnedAvifs) {
      const { pixels } = await readImage(file);
      const how = `turned ${quarterTurns} times, mirrored by ${mirror}`;
      equal(how, [pixels.height, pixels.width, ...quartersOf(pixels)], [height, width, ...corners]);
    }
  }),

  check('a picture whose data are damaged is told and not shown as nothing', async () => {
    for (const name of ['no-end.jpg', 'deep.png', 'p3-profile.webp']) {
      const bytes = new Uint8Array(await fileOf(name).arrayBuffer());
      bytes.fill(0xaa, bytes.length >> 1, bytes.length - 16);
      const read = await readImage(bytes).catch((error: unknown) => {
        if (failureOf(error) === null) throw error;
        return null;
      });
      // A decoder may find colours in any data, but a fully empty picture must not be accepted.
      ensure(read === null || read.notices.every((notice) => notice !== 'alpha-flattened'), name);
    }
  }),

  check('an image that EXIF turns is upright on the page, and tells what was done to it', async (app) => {
    await app.open('backend=wasm&side=320');
    await app.give(fileOf('turned-6.webp'), fileOf('turned-8.jpg'), fileOf('p3-profile.png'));
    await app.allDone(3);
    for (const name of ['turned-6.webp', 'turned-8.jpg']) {
      await app.select(name);
      await app.factIs('Rows × columns', '20 × 13');
    }
    await app.select('p3-profile.png');
    await app.factIs('Rows × columns', '13 × 20');
    await app.reads(/Its colour profile is not applied/);
  }),
];

/** Checks for a browser that adds noise to what pages read from a canvas. */
export const resistingChecks: readonly Check[] = [
  check('no map is made of noise: the page says so at its start and of each photograph', async (app) => {
    await app.open('backend=wasm&side=320');
    await app.reads(/This browser gives pages noise in place of a photograph’s pixels/);
    await app.give(fileOf('turned-1.jpg'));
    await app.get('radio', /^turned-1\.jpg: .*noise in place of/);
    // A file that the page decodes by itself needs no canvas.
    await app.give(fileOf('photograph.gif'));
    await app.get('radio', /^photograph\.gif: done$/);
  }),
];
