import cases from '../../../tools/reference/fixtures/embedded/cases.json' with { type: 'json' };
import { decodeNpy } from '../../../src/formats/npy.ts';
import { type App, until } from '../page/app.ts';
import { check, ensure, type Check } from '../page/check.ts';
import { fixtureFile, sampleFile } from '../page/files.ts';

interface ReferenceMaps {
  readonly columns: number;
  readonly maps: readonly Float32Array[];
  /** Position of the grid on the photograph, px. */
  readonly box: {
    readonly top: number;
    readonly left: number;
    readonly height: number;
    readonly width: number;
  };
}

/** PyTorch's attention on a sample at 224 px. */
async function referenceMaps(sample: string): Promise<ReferenceMaps> {
  const file = `${sample}.photograph-224.npy`;
  const box = cases.find((each) => each.file === file)?.box;
  if (box === undefined) throw new Error(`no case ${file}`);
  const npy = await fixtureFile(`embedded/${file}`);
  const { shape, values } = decodeNpy(new Uint8Array(await npy.arrayBuffer()));
  const [heads = 0, rows = 0, columns = 0] = shape;
  const patches = rows * columns;
  const maps = Array.from({ length: heads }, (_, head) =>
    values.subarray(head * patches, (head + 1) * patches),
  );
  return { columns, maps, box };
}

/** The red values of the overlay at the middle of each patch, 0..255. */
async function redsOf(
  app: App,
  { maps, columns, box }: ReferenceMaps,
  photo: ImageBitmap,
): Promise<number[]> {
  const { data, width, height } = await app.pixels('overlay');
  const patches = maps[0]?.length ?? 0;
  const rows = patches / columns;
  return Array.from({ length: patches }, (_, patch) => {
    const x = (box.left + ((patch % columns) + 0.5) * (box.width / columns)) / photo.width;
    const y = (box.top + (Math.floor(patch / columns) + 0.5) * (box.height / rows)) / photo.height;
    return data[4 * (Math.floor(y * height) * width + Math.floor(x * width))] ?? NaN;
  });
}

/** Shows opaque greys, where a patch's brightness is its value's position between the head's smallest and largest. */
async function showPlainGreys(app: App): Promise<void> {
  await app.choose('Head 1');
  await app.choose('Heat map');
  await app.choose('Patch by patch');
  await app.choose('grey');
  await app.fill('slider', 'Opacity', 100);
  await app.switchTo('Contour', false);
}

/** The overlay's pixels as a string. Equal strings are equal pictures. */
async function overlayOf(app: App): Promise<string> {
  const { data } = await app.pixels('overlay');
  const hash = await crypto.subtle.digest('SHA-256', data);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @returns the overlay once it no longer changes */
async function restingOverlay(app: App): Promise<string> {
  let [last, times] = ['', 0];
  return until('the overlay rests', async () => {
    const now = await overlayOf(app);
    [last, times] = [now, now === last ? times + 1 : 0];
    return times >= 5 && now;
  });
}

/** Clicks the middle of a patch; rows and columns are counted as on the page. */
async function clickPatch(app: App, [row, column]: [number, number], [rows, columns]: [number, number]) {
  const picker = await app.get('application');
  const { left, top, width, height } = picker.getBoundingClientRect();
  const place = {
    clientX: left + ((column - 0.5) / columns) * width,
    clientY: top + ((row - 0.5) / rows) * height,
  };
  picker.dispatchEvent(new app.window.MouseEvent('click', { ...place, bubbles: true, detail: 1 }));
}

async function openWithCat(app: App): Promise<void> {
  await app.open('backend=wasm&side=320');
  await app.give(await sampleFile('cat'));
  await app.allDone(1);
}

const isShown = (app: App, name: string): boolean =>
  (app.find('radio', name) as HTMLInputElement | null)?.checked === true;

export const mapChecks: readonly Check[] = [
  check('the maps are PyTorch’s, head by head', async (app) => {
    const reference = await referenceMaps('cat');
    const file = await sampleFile('cat');
    const photo = await createImageBitmap(file);
    await app.open('backend=wasm&side=224');
    await app.give(file);
    await app.allDone(1);
    await showPlainGreys(app);
    for (const [head, map] of reference.maps.entries()) {
      await app.choose(`Head ${head + 1}`);
      await app.get('img', new RegExp(`head ${head + 1} is drawn`));
      const [min, max] = [Math.min(...map), Math.max(...map)];
      let farthest = NaN;
      // The tolerance is in levels of 255: half a level for rounding, the rest for the decoder.
      // The canvas may still show the previous head.
      await until(
        `head ${head + 1} is PyTorch’s`,
        async () => {
          const reds = await redsOf(app, reference, photo);
          farthest = Math.max(
            ...reds.map((red, patch) => Math.abs(red - (((map[patch] ?? NaN) - min) / (max - min)) * 255)),
          );
          return farthest <= 2;
        },
        () => `It is up to ${farthest.toFixed(1)} of 255 levels away`,
      );
    }
  }),
];

export const photographChecks: readonly Check[] = [
  check('several photographs at once each get their own result', async (app) => {
    await app.open('backend=wasm&side=320');
    await app.give(await sampleFile('cat'), await sampleFile('rocket'), await sampleFile('dog'));
    await app.allDone(3);
    await app.select('rocket.jpg');
    await app.factIs('Rows × columns', '13 × 20');
    await app.select('dog.jpg');
    await app.factIs('Rows × columns', '20 × 20');
    await app.select('cat.jpg');
    await app.factIs('Tokens', '261');
  }),

  check('a click asks the patch under it, another click on it goes back', async (app) => {
    await openWithCat(app);
    await app.choose('Head 1');
    await app.get('img', /Heads: head 1/);
    const fromCls = await restingOverlay(app);
    await clickPatch(app, [5, 12], [13, 20]);
    await app.reads(/What patch \(row 5, column 12\) looks at\. Head 1: 60\s%/);
    await until('another map is drawn', async () => (await overlayOf(app)) !== fromCls);
    await clickPatch(app, [5, 12], [13, 20]);
    await app.get('application', 'Patches');
    await until('the map of before is drawn', async () => (await overlayOf(app)) === fromCls);
  }),

  check('patches that overlap make a finer map, which reaches as far as the network saw', async (app) => {
    await openWithCat(app);
    await app.choose('Mean');
    await app.choose('Heat map');
    await app.choose('2 ×');
    await app.factIs('Rows × columns', '25 × 39');
    await until('the map covers the photograph from edge to edge', async () => {
      const { data, width, height } = await app.pixels('overlay');
      const row = Math.floor(height / 2) * width;
      const alphas = [2, Math.floor(width / 2), width - 3].map((x) => data[4 * (row + x) + 3] ?? NaN);
      return new Set(alphas).size === 1 && Math.min(...alphas) > 100;
    });
    await app.choose('None');
    await app.factIs('Rows × columns', '13 × 20');
  }),

  check('the keys do what the help says', async (app) => {
    await openWithCat(app);
    for (const [key, name] of [
      ['2', 'Head 2'],
      ['e', 'Mean'],
      ['a', 'All heads'],
      ['1', 'Head 1'],
      ['k', 'Mask'],
      ['h', 'Heat map'],
    ] as const) {
      await app.key(key);
      ensure(isShown(app, name), `${key} does not choose ${name}`);
    }
    await app.key('q');
    await app.reads(/What patch \(row 7, column 11\)/);
    await app.key('ArrowUp');
    await app.key('ArrowRight');
    await app.reads(/What patch \(row 6, column 12\)/);
    await app.key('Escape');
    await app.get('application', 'Patches');
    await app.key('f');
    ensure(app.find('region', 'Film strip') === null, 'F does not present');
    await app.key('f');
    await app.get('region', 'Film strip');
    await app.key('?');
    const help = await app.get('dialog', 'What you see here');
    await app.press('Close', help);
    await app.key('m');
    await app.get('dialog', 'Models');
  }),
];
