import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import cases from '../tools/reference/fixtures/embedded/cases.json' with { type: 'json' };
import { decodeNpy } from '../src/formats/npy.ts';
import { embedded, expect, placeOf, samplePath, sideOf, test } from './scope.ts';

/** PyTorch's attention on the cat at 224 px, and the patches' positions on the photograph, 0..1. */
async function referenceMaps(): Promise<{
  rows: number;
  columns: number;
  maps: readonly Float32Array[];
  centres: readonly { x: number; y: number }[];
}> {
  const file = 'cat.photograph-224.npy';
  const fixture = new URL(`../tools/reference/fixtures/embedded/${file}`, import.meta.url);
  const { shape, values } = decodeNpy(await readFile(fileURLToPath(fixture)));
  const [heads = 0, rows = 0, columns = 0] = shape;
  const patches = rows * columns;
  const maps = Array.from({ length: heads }, (_, head) =>
    values.subarray(head * patches, (head + 1) * patches),
  );
  const box = cases.find((each) => each.file === file)?.box;
  if (box === undefined) throw new Error(`no case ${file}`);
  const photo = await sharp(samplePath('cat')).metadata();
  const centres = Array.from({ length: patches }, (_, patch) => ({
    x: (box.left + ((patch % columns) + 0.5) * (box.width / columns)) / photo.width,
    y: (box.top + (Math.floor(patch / columns) + 0.5) * (box.height / rows)) / photo.height,
  }));
  return { rows, columns, maps, centres };
}

/** The smallest set of patches that holds `share` of the mass: the largest patches, until their sum is above the share. */
function officialMask(map: Float32Array, share: number): boolean[] {
  const order = Array.from(map.keys()).sort((a, b) => (map[b] ?? 0) - (map[a] ?? 0));
  const total = map.reduce((sum, value) => sum + value, 0);
  const kept = Array.from(map, () => false);
  let mass = 0;
  for (const patch of order) {
    if (mass >= share * total) break;
    kept[patch] = true;
    mass += map[patch] ?? 0;
  }
  return kept;
}

test('a dropped photograph gets as many overlays as the model has heads; sliders redraw them; the official square takes another pass', async ({
  scope,
  page,
}) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await expect(page.getByRole('group', { name: 'What to show' }).getByRole('radio')).toHaveCount(
    embedded.numHeads + 2,
  );
  const ofHeads = new Set<string>();
  for (let head = 1; head <= embedded.numHeads; head++) {
    await scope.showView(`Head ${head}`);
    await expect(page.getByRole('img', { name: new RegExp(`head ${head}`) })).toBeVisible();
    ofHeads.add(await scope.overlayPicture());
  }
  expect(ofHeads.size).toBe(embedded.numHeads);

  await test.step('sliders redraw and never run the model again', async () => {
    await scope.showView('Head 1');
    await scope.choose('Mask');
    const time = await scope.fact('Forward pass').textContent();
    const pictures = new Set<string>();
    for (const share of [10, 60, 95]) {
      await scope.setRange('Attention kept', share);
      await expect(page.getByRole('slider', { name: 'Attention kept' })).toHaveAttribute(
        'aria-valuetext',
        new RegExp(`^${share} per cent`),
      );
      pictures.add(await scope.overlayPicture());
    }
    expect(pictures.size).toBe(3);
    await expect(scope.fact('Forward pass')).toHaveText(time ?? '');
  });

  await test.step('the official square can be chosen, and the photograph keeps its old maps until then', async () => {
    await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
    await scope.choose('Square');
    await expect(scope.fact('Rows × columns')).toHaveText('20 × 20');
  });
});

for (const [width, height, hasTouch] of [
  [390, 844, true],
  [768, 1024, false],
  [960, 540, false],
  [1180, 820, true],
  [1280, 800, true],
  [1366, 768, false],
] as const) {
  const use = { viewport: { width, height }, hasTouch };
  test.describe(() => {
    test.use(use);
    test(`at ${width} × ${height} a photograph stays in its place from its first sight to its result, and so does the next one`, async ({
      scope,
      page,
    }) => {
      let letModelCome = (): void => undefined;
      const held = new Promise<void>((resolve) => (letModelCome = resolve));
      await page.route('**/model.json', async (route) => {
        await held;
        await route.continue();
      });
      await scope.open();
      // The places of each photograph that is drawn, frame by frame.
      await page.evaluate(() => {
        const seen = new Map<string, Set<string>>();
        const look = (): void => {
          const name = document.querySelector('.caption h2')?.textContent ?? '';
          const canvas = document.querySelector<HTMLCanvasElement>('.stage canvas[data-layer=photo]');
          const [, , , alpha = 0] =
            canvas?.getContext('2d')?.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data ?? [];
          if (canvas !== null && alpha > 0) {
            const { x, y, width: wide, height: high } = canvas.getBoundingClientRect();
            const places = seen.get(name) ?? new Set<string>();
            seen.set(name, places.add([x, y + scrollY, wide, high].map(Math.round).join(' ')));
          }
          requestAnimationFrame(look);
        };
        look();
        Object.assign(window, { seenPlaces: seen });
      });
      const seenPlaces = (): Promise<string[][]> =>
        page.evaluate(() =>
          [...(window as unknown as { seenPlaces: Map<string, Set<string>> }).seenPlaces].map(
            ([name, places]) => [name, ...places],
          ),
        );
      await scope.drop(samplePath('cat'));
      const stage = scope.stage.locator('.layered-canvas');
      await expect(stage.locator('[data-layer=photo]')).toHaveAttribute('data-painted');
      const place = await placeOf(stage);
      letModelCome();
      await scope.allSettled(1);
      expect(await placeOf(stage)).toEqual(place);
      await scope.drop(samplePath('dog'));
      await scope.allSettled(2);
      await placeOf(stage);
      const names = [expect.stringMatching(/^cat/), expect.stringMatching(/^dog/)];
      expect(await seenPlaces()).toEqual(names.map((name) => [name, expect.any(String)]));
    });
  });
}

test('what is drawn is what PyTorch computes: heat maps, masks, and all heads together', async ({
  scope,
  page,
}) => {
  const { maps, centres } = await referenceMaps();
  await scope.open('backend=wasm&side=224');
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.choose('Patch by patch');
  await scope.setRange('Opacity', 100);
  const masks = maps.map((map) => officialMask(map, 0.6));

  await test.step('with all heads shown a patch is dimmed where no head looks, and else has the colour of one that does', async () => {
    // Orange, sky blue, green, pink, yellow, blue. Each digit says whether red, green or blue is above one half.
    const codes = ['110', '011', '010', '101', '110', '001'];
    const drawn = await scope.plainColours('overlay', centres);
    const alphas = await scope.alphas('overlay', centres);
    const differing = centres.filter((_, patch) => {
      const looking = codes.filter((__, head) => masks[head]?.[patch]);
      if (looking.length > 0) return !looking.includes(drawn[patch] ?? '');
      return drawn[patch] !== '000' || (alphas[patch] ?? 0) < 200;
    });
    // Two patches of nearly equal value may change places because of the last bit of a float.
    expect(differing.length).toBeLessThanOrEqual(1);
  });

  await test.step('the overlay is bright where PyTorch says that the head looks', async () => {
    await scope.showView('Head 1');
    await scope.choose('Heat map');
    await scope.choose('Patch by patch');
    await scope.choose('grey');
    await scope.setRange('Opacity', 100);
    await expect(page.getByRole('switch', { name: 'Contour' })).not.toBeChecked();
    for (const [head, map] of maps.entries()) {
      await scope.showView(`Head ${head + 1}`);
      const min = Math.min(...map);
      const max = Math.max(...map);
      // A patch's grey value is its position between the head's smallest and largest value.
      const differences = (await scope.reds('overlay', centres)).map((red, patch) =>
        Math.abs(red - (((map[patch] ?? 0) - min) / (max - min)) * 255),
      );
      expect(Math.max(...differences)).toBeLessThanOrEqual(2);
    }
  });

  await test.step('the mask covers the very patches that the official script keeps, and the page counts them', async () => {
    await scope.showView('Head 1');
    await scope.choose('Mask');
    await scope.choose('Patch by patch');
    await scope.setRange('Opacity', 100);
    await page.getByRole('switch', { name: 'Contour' }).uncheck();
    for (const [head, kept] of masks.entries()) {
      await scope.showView(`Head ${head + 1}`);
      // The veil covers the patches that are not kept. Nothing covers the others.
      const drawn = (await scope.alphas('overlay', centres)).map((alpha) => alpha < 128);
      const differing = drawn.filter((isKept, patch) => isKept !== kept[patch]).length;
      // Two patches of nearly equal value may change places because of the last bit of a float.
      expect(differing).toBeLessThanOrEqual(1);
      const count = kept.filter(Boolean).length;
      await expect(page.getByRole('slider', { name: 'Attention kept' })).toHaveAttribute(
        'aria-valuetext',
        `60 per cent of the attention, ${count} of ${kept.length} patches`,
      );
    }
  });
});

test('what the network does not see is hatched and said, and a panorama is seen nearly whole', async ({
  scope,
  page,
  folder,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(20)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  // The photograph is 300 × 451 px. 13 × 20 patches cover 293.15 of the 300 px.
  await expect(scope.fact('Not seen')).toHaveText('2.3 %');
  await expect(page.getByText('Hatched: 2.3 % is not seen.')).toBeVisible();
  await scope.setRange('Opacity', 0);
  const [above, below] = await scope.alphas('overlay', [
    { x: 0.5, y: 0.003 },
    { x: 0.5, y: 0.997 },
  ]);
  expect(above).toBeGreaterThan(200);
  expect(below).toBeGreaterThan(200);
  await page.getByRole('switch', { name: 'Contour' }).uncheck();
  expect(await scope.alphas('overlay', [{ x: 0.5, y: 0.5 }])).toEqual([0]);

  const panorama = sharp({ create: { width: 4000, height: 300, channels: 3, background: '#47a' } });
  await scope.drop(await folder.write('panorama.png', await panorama.png().toBuffer()));
  await scope.allSettled(2);
  await scope.select('panorama.png');
  await expect(scope.fact('Rows × columns')).toHaveText('2 × 27');
  await expect(scope.fact('Not seen')).toHaveText('1.2 %');
  await scope.choose('Square');
  await expect(scope.fact('Rows × columns')).toHaveText('20 × 20');
  await expect(scope.fact('Not seen')).toHaveCount(0);
});

test('several photographs at once each get their own result, one can be removed, and others come in every way', async ({
  scope,
  page,
  folder,
  context,
}) => {
  await scope.open();
  await test.step('they are picked with the file dialog, and a sample by a click', async () => {
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose photographs' }).click();
    await (await chooser).setFiles([samplePath('coffee')]);
    await scope.allSettled(1);
    await scope.addSample(/Raccoon/);
    await scope.allSettled(2);
  });

  await test.step('several at once', async () => {
    await scope.drop(samplePath('cat'), samplePath('rocket'), samplePath('dog'));
    await scope.allSettled(5);
    await scope.select('rocket.jpg');
    await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
    await scope.select('dog.jpg');
    await expect(scope.fact('Rows × columns')).toHaveText('20 × 20');
    await scope.select('cat.jpg');
    await expect(scope.fact('Tokens')).toHaveText('261');
  });

  await test.step('one is removed while others stay', async () => {
    await page.getByRole('button', { name: 'Remove cat.jpg' }).click();
    await scope.allSettled(4);
    await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'done');
  });

  await test.step('a folder is taken apart', async () => {
    await folder.write('one.jpg', await readFile(samplePath('cat')));
    await folder.write('two.jpg', await readFile(samplePath('dog')));
    await scope.drop(folder.path);
    await scope.allSettled(6);
    await expect(scope.frame('one.jpg')).toHaveAttribute('data-status', 'done');
    await expect(scope.frame('two.jpg')).toHaveAttribute('data-status', 'done');
  });

  await test.step('one is pasted from the clipboard', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const png = (await sharp(samplePath('butterfly')).png().toBuffer()).toString('base64');
    await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      await navigator.clipboard.write([
        new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) }),
      ]);
    }, png);
    await page.keyboard.press('ControlOrMeta+v');
    await scope.allSettled(7);
    await scope.frames.last().locator('.frame-label').click();
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
  });

  await test.step('EXIF orientation is honoured', async () => {
    // The stored picture lies on its side, with a red left half. Orientation 6: the first column is the top.
    const red = await sharp({ create: { height: 200, width: 150, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    const stored = sharp({ create: { height: 200, width: 300, channels: 3, background: '#00f' } }).composite([
      { input: red, left: 0, top: 0 },
    ]);
    const turned = await stored.withMetadata({ orientation: 6 }).jpeg().toBuffer();
    await scope.drop(await folder.write('turned.jpg', turned));
    await scope.allSettled(8);
    await scope.select('turned.jpg');
    await expect(scope.fact('Rows × columns')).toHaveText('20 × 13');
    // The picture is drawn once it is decoded for the screen. This can be after its maps.
    await expect
      .poll(() =>
        scope.plainColours('photo', [
          { x: 0.5, y: 0.25 },
          { x: 0.5, y: 0.75 },
        ]),
      )
      .toEqual(['100', '001']);
    const [top, bottom] = await scope.reds('photo', [
      { x: 0.5, y: 0.25 },
      { x: 0.5, y: 0.75 },
    ]);
    expect(top).toBeGreaterThan(200);
    expect(bottom).toBeLessThan(50);
  });
});

test('a running photograph is cancelled, and runs when it is asked to', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(80)}`);
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await expect(scope.stage).toHaveAttribute('data-status', 'running');
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel all' }).click();
  await scope.allSettled(2);
  await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'cancelled');
  await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'cancelled');
  await scope.choose(`${sideOf(20)}`);
  await scope.allSettled(2);
  await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'done');
});

test('what was removed can be put back, and Back leaves training for the photographs that are there', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'), samplePath('coffee'));
  await scope.allSettled(2);
  const removeAll = page.getByRole('button', { name: 'Remove all' });
  const putBack = page.getByRole('button', { name: 'Put back' });
  await scope.select('coffee.jpg');
  await removeAll.click();
  await expect(putBack).toBeFocused();
  await page.keyboard.press('Enter');
  await scope.allSettled(2);
  await expect(putBack).toHaveCount(0);
  await expect(page.getByRole('radio', { name: /^coffee\.jpg/ })).toBeChecked();
  // The second press is on what takes the place of the strip, a sample perhaps.
  await removeAll.dblclick();
  await expect(page.getByRole('button', { name: 'Choose photographs' })).toBeVisible();
  await putBack.click();
  await scope.allSettled(2);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');

  const setUp = page.getByRole('button', { name: 'Start training' });
  await page.keyboard.press('c');
  await page.keyboard.press('c');
  await page.keyboard.press('r');
  await expect(setUp).toBeVisible();
  await page.goBack();
  await expect(setUp).toHaveCount(0);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await scope.allSettled(2);
  await page.goForward();
  await expect(setUp).toBeVisible();
  await page.reload();
  await scope.isReady();
  await expect(page.getByRole('button', { name: 'Choose photographs' })).toBeVisible();
});
