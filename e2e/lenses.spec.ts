/** Tests of the lenses: by mouse, by keyboard, and by the names that a screen reader gets. */
import sharp from 'sharp';
import { embedded, expect, placeOf, samplePath, sideOf, test } from './scope.ts';

const lens = (title: string) => ({ name: new RegExp(`^${title}:`) });

test('one photograph through every lens, by mouse, by keyboard, and by names', async ({ scope, page }) => {
  test.setTimeout(600_000);
  await scope.open(`backend=wasm&side=${sideOf(12)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(page.getByRole('radio', lens('Heads'))).toBeChecked();

  await test.step('a word about patches goes with the lens that asks them', async () => {
    const word = page.getByText('Click a patch: what does it look at?');
    await expect(word).toBeVisible();
    await page.getByRole('radio', lens('Similarity')).check();
    await expect(page.getByText('Click a patch: what is like it?')).toBeVisible();
    await expect(word).toHaveCount(0);
    await page.getByRole('radio', lens('Heads')).check();
    await expect(word).toBeVisible();
    await page.getByRole('radio', lens('Objects')).check();
    await expect(word).toHaveCount(0);
  });

  await test.step('every lens tells what its picture shows by the picture’s name', async () => {
    await page.getByRole('radio', lens('Heads')).check();
    await expect(page.getByRole('img', { name: /Heads: all heads is drawn over it/ })).toBeVisible();
    await page.getByRole('radio', lens('Layers')).check();
    await expect(page.getByRole('group', { name: /Layers: all blocks and heads/ })).toBeVisible();
    await page.getByRole('radio', lens('Rollout')).check();
    await expect(page.getByRole('img', { name: /Rollout: heat map is drawn over it/ })).toBeVisible();
  });

  await test.step('a head is left out and brought back by its name in the legend', async () => {
    await page.getByRole('radio', lens('Heads')).check();
    const all = await scope.overlayPicture();
    await page.getByRole('checkbox', { name: 'Head 2' }).uncheck();
    await expect(scope.stage).toContainText(
      `${embedded.numHeads - 1} of ${embedded.numHeads} heads are shown`,
    );
    expect(await scope.overlayPicture()).not.toBe(all);
    await page.getByRole('checkbox', { name: 'Head 2' }).check();
    expect(await scope.overlayPicture()).toBe(all);
  });

  await test.step('a patch that was picked is asked through every lens', async () => {
    await page.keyboard.press('q');
    await expect(scope.stage).toContainText('What patch (row 5, column 7) looks at.');
    await page.getByRole('radio', lens('Layers')).check();
    await expect(scope.stage).toContainText('What patch (row 5, column 7) looks at in');
    await page.getByRole('radio', lens('Rollout')).check();
    await expect(scope.stage).toContainText('What has reached patch (row 5, column 7)');
    await page.getByRole('button', { name: 'Back to CLS' }).click();
    await expect(scope.stage).toContainText('What has reached CLS');
  });

  await test.step('each lens shows the photograph its way, and going back to one costs no second pass', async () => {
    await page.getByRole('radio', lens('Heads')).check();
    const lenses = page.getByRole('group', { name: 'Lens' });
    await expect(lenses.getByRole('radio', lens('Heads'))).toBeChecked();
    await scope.showView('Mean');
    const heads = await scope.overlayPicture();
    const time = await scope.fact('Forward pass').textContent();

    await lenses.getByRole('radio', lens('Rollout')).check();
    await expect(scope.stage).toContainText(`What has reached CLS through ${embedded.depth} blocks`);
    const rollout = await scope.overlayPicture();
    expect(rollout).not.toBe(heads);
    await scope.choose('Largest');
    await expect(scope.stage).toContainText('by the largest value over heads');
    expect(await scope.overlayPicture()).not.toBe(rollout);
    await scope.choose('Mean');
    expect(await scope.overlayPicture()).toBe(rollout);

    await lenses.getByRole('radio', lens('Heads')).check();
    expect(await scope.overlayPicture()).toBe(heads);
    await expect(scope.fact('Forward pass')).toHaveText(time ?? '');
  });

  await test.step('heads by keyboard: its views, its style and how much a mask keeps', async () => {
    await scope.showView('All heads');
    const press = (key: string) => page.keyboard.press(key);
    await press('e');
    await expect(page.getByRole('radio', { name: 'Mean', exact: true })).toBeChecked();
    await expect(scope.stage).toContainText(`The mean over ${embedded.numHeads} heads: 60 %`);
    await press('2');
    await expect(page.getByRole('radio', { name: 'Head 2', exact: true })).toBeChecked();
    await press('h');
    await expect(page.getByRole('radio', { name: 'Heat map' })).toBeChecked();
    const heat = await scope.overlayPicture();
    await press('k');
    await expect(page.getByRole('radio', { name: 'Mask', exact: true })).toBeChecked();
    expect(await scope.overlayPicture()).not.toBe(heat);
    await press(']');
    await expect(page.getByRole('slider', { name: 'Attention kept' })).toHaveValue('65');
    await expect(scope.stage).toContainText('Head 2: 65 % of its attention lies on');
    await press('0');
    await expect(page.getByRole('radio', { name: 'All heads' })).toBeChecked();
    // The arrow keys on the slider select another block.
    const block = page.getByRole('slider', { name: 'Block' });
    await block.focus();
    await press('ArrowLeft');
    await expect(block).toHaveValue(String(embedded.depth - 1));
    await expect(scope.stage).toContainText(`What CLS looks at in block ${embedded.depth - 1}.`);
  });

  await test.step('the lenses are changed by the arrow keys, and rollout is used by keyboard alone', async () => {
    await scope.setRange('Attention kept', 60);
    await scope.setRange('Block', embedded.depth);
    await scope.showView('All heads');
    const press = (key: string) => page.keyboard.press(key);
    const lenses = page.getByRole('group', { name: 'Lens' });
    await lenses.getByRole('radio', lens('Heads')).focus();
    await press('ArrowRight');
    await expect(lenses.getByRole('radio', lens('Layers'))).toBeChecked();
    await press('ArrowRight');
    await expect(lenses.getByRole('radio', lens('Rollout'))).toBeChecked();
    await expect(scope.stage).toContainText('by the mean over heads');
    await page.getByRole('radio', { name: 'Mean', exact: true }).focus();
    await press('ArrowRight');
    await expect(page.getByRole('group', { name: 'Heads become one by' })).toContainText('Largest');
    await expect(scope.stage).toContainText('by the largest value over heads');
    const discard = page.getByRole('slider', { name: 'Lowest entries left out' });
    await discard.focus();
    await press('ArrowRight');
    await expect(discard).toHaveAttribute('aria-valuetext', 'the lowest 1 per cent of each block left out');
    await expect(scope.stage).toContainText('the lowest 1.0 % of each block left out');
    const heat = await scope.overlayPicture();
    await press('k');
    await expect(scope.stage).toContainText('60 % of it lies on');
    expect(await scope.overlayPicture()).not.toBe(heat);
    await press('[');
    await expect(scope.stage).toContainText('55 % of it lies on');
    await press('h');
    expect(await scope.overlayPicture()).toBe(heat);
  });

  await test.step('norms: the block by keyboard and mouse, before and after the final norm, with numbers and a scale', async () => {
    await page.getByRole('radio', lens('Norms')).check();
    const { depth } = embedded;
    await expect(scope.stage).toContainText(`token after block ${depth}, before the final norm.`);
    await expect(
      page.getByRole('img', { name: `Norms: block ${depth}, before the final norm is drawn over it` }),
    ).toBeVisible();
    await expect(page.getByRole('img', { name: /^Colours from the norm [\d.]+ to [\d.]+$/ })).toBeVisible();
    for (const name of ['Smallest norm', 'Median norm', 'Largest norm', 'Norm of CLS'])
      await expect(scope.fact(name)).toHaveText(/^[\d.]+$/);
    await expect(scope.fact('Outliers')).toHaveText(/^[\d.]+\s%$/);
    const time = await scope.fact('Forward pass').textContent();
    const before = await scope.overlayPicture();
    // By keyboard: after the final norm, then the block before, which has none. All of it comes from the same pass.
    await page.keyboard.press('n');
    await expect(scope.stage).toContainText(`token after block ${depth}, after the final norm.`);
    await expect(page.getByRole('radio', { name: 'After it' })).toBeChecked();
    expect(await scope.overlayPicture()).not.toBe(before);
    await page.keyboard.press(',');
    await expect(scope.stage).toContainText(`token after block ${depth - 1}.`);
    await expect(page.getByRole('radio', { name: 'After it' })).toHaveCount(0);
    // By mouse.
    await scope.setRange('Block', depth);
    await scope.choose('Before it');
    await expect(scope.stage).toContainText(`token after block ${depth}, before the final norm.`);
    expect(await scope.overlayPicture()).toBe(before);
    await expect(scope.fact('Forward pass')).toHaveText(time ?? '');
    // No token is asked through this lens.
    await page.keyboard.press('q');
    await page.getByRole('radio', lens('Layers')).check();
    await expect(scope.stage).toContainText('What CLS looks at in');
  });

  await test.step('the grid of layers has a picture for each head of each block, and each of them opens', async () => {
    await page.getByRole('radio', lens('Layers')).check();
    const grid = page.getByRole('group', { name: /Layers: all blocks and heads/ });
    const { depth, numHeads } = embedded;
    await expect(grid.getByRole('button')).toHaveCount(depth * (1 + numHeads));
    await page.getByRole('region', { name: 'Details' }).getByText('Details').click();
    await expect(
      page.getByRole('img', { name: 'Mean attention distance of each head by block' }),
    ).toBeVisible();
    await grid.getByRole('button', { name: 'Block 2, head 3' }).click();
    await expect(scope.stage).toContainText(`looks at in block 2 of ${depth}: head 3.`);
    await expect(page.getByRole('slider', { name: 'Block' })).toHaveValue('2');
    const second = await scope.overlayPicture();
    await page.keyboard.press('.');
    await expect(scope.stage).toContainText(`looks at in block 3 of ${depth}: head 3.`);
    expect(await scope.overlayPicture()).not.toBe(second);
    // By keyboard, the grid is one tab stop, and the arrow keys move between pictures.
    await page.keyboard.press('a');
    const last = grid.getByRole('button', { name: `Block ${depth}, mean` });
    await last.focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    await expect(grid.getByRole('button', { name: `Block ${depth - 1}, head 1` })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(scope.stage).toContainText(`looks at in block ${depth - 1} of ${depth}: head 1.`);
  });
});

test('objects and colours: by mouse and by key', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=objects`);
  await scope.drop(samplePath('dahlia'));
  await scope.allSettled(1);
  await test.step('objects: found by each method, by mouse and by key, with the maps that they came from', async () => {
    await expect(scope.stage).toContainText('1 object, found without a label: TokenCut, by keys of block 8.');
    const object = await scope.overlayPicture();
    await scope.choose('Eigenvector');
    await expect(scope.stage).toContainText('second eigenvector');
    expect(await scope.overlayPicture()).not.toBe(object);
    await page.keyboard.press('2');
    await expect(scope.stage).toContainText('found without a label: LOST');
    await scope.choose('Like the seed');
    await expect(page.getByRole('slider', { name: 'Alike above a cosine of' })).toHaveCount(0);
    await page.keyboard.press('1');
    await expect(scope.stage).toContainText('found without a label: TokenCut');
    await expect(page.getByRole('slider', { name: 'Alike above a cosine of' })).toHaveCount(1);
    expect(await scope.overlayPicture()).toBe(object);
    await page.getByRole('switch', { name: 'Box' }).uncheck();
    expect(await scope.overlayPicture()).not.toBe(object);
    await scope.choose('Value');
    await expect(scope.stage).toContainText('values of block 8');
  });
  await test.step('colours: of all patches, of those where CLS looks, one component, by mouse and by key', async () => {
    await page.getByRole('radio', lens('Colours')).check();
    await scope.allSettled(1);
    await expect(scope.stage).toContainText('Components 1 to 3 of the keys of block 8, of all');
    const all = await scope.overlayPicture();
    await page.getByRole('switch', { name: 'Without the first' }).check();
    await expect(scope.stage).toContainText('Components 2 to 4');
    expect(await scope.overlayPicture()).not.toBe(all);
    await page.getByRole('switch', { name: 'Without the first' }).uncheck();
    await page.keyboard.press('2');
    await expect(scope.stage).toContainText('Component 2 of the keys of block 8');
    expect(await scope.overlayPicture()).not.toBe(all);
    await page.keyboard.press('0');
    expect(await scope.overlayPicture()).toBe(all);
    await scope.choose('Where CLS looks');
    await expect(scope.stage).toContainText(/Components 1 to 3 of the keys of block 8, of \d+ of/);
    await expect.poll(() => scope.overlayPicture()).not.toBe(all);
    const fewer = await scope.overlayPicture();
    await scope.setRange('Attention kept', 90);
    await expect.poll(() => scope.overlayPicture()).not.toBe(fewer);
    await scope.choose('All');
    expect(await scope.overlayPicture()).toBe(all);
  });
});

test('colours of all photographs together: one set of components, on the stage and in the strip', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=colours`);
  await scope.drop(...['cat', 'dahlia', 'raccoon'].map(samplePath));
  await scope.allSettled(3);
  const alone = await scope.overlayPicture();
  const plain = await scope.smallPictures();
  expect(plain).toHaveLength(3);
  await page.getByRole('switch', { name: 'All photographs together' }).check();
  await expect(scope.stage).toContainText('of 3 photographs, as red, green and blue');
  await expect.poll(() => scope.overlayPicture()).not.toBe(alone);
  const together = await scope.overlayPicture();
  // Each small picture has its photograph's colours.
  await expect
    .poll(async () => (await scope.smallPictures()).filter((picture, at) => picture !== plain[at]).length)
    .toBe(3);
  await scope.select('raccoon.jpg');
  await expect(scope.stage).toContainText('of 3 photographs, as red, green and blue');
  await page.keyboard.press('g');
  const all = page.getByRole('list', { name: 'All photographs' });
  await expect(all.getByRole('img', { name: /Colours: colours is drawn over it/ })).toHaveCount(3);
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save picture' }).click(),
  ]);
  expect(saved.suggestedFilename()).toMatch(/^3-photographs-colours-.*\.png$/);
  const { width, height } = await sharp(await saved.path()).metadata();
  expect([width, height]).toEqual([2 * 1024 + 8, 2 * 768 + 8]);
  await all.getByRole('button', { name: 'Show dahlia.jpg' }).click();
  await expect(all).toBeHidden();
  await expect(scope.stage.getByRole('heading', { name: 'dahlia.jpg' })).toBeVisible();
  await page.getByRole('button', { name: 'All photographs' }).click();
  await expect(all).toBeVisible();
  await page.getByRole('button', { name: 'One photograph' }).click();
  await page.getByRole('button', { name: 'Remove dahlia.jpg' }).click();
  await expect(scope.stage).toContainText('of 2 photographs, as red, green and blue');
  await scope.select('cat.jpg');
  await expect(scope.stage).toContainText('of 2 photographs');
  await expect.poll(() => scope.overlayPicture()).not.toBe(together);
  await page.getByRole('switch', { name: 'All photographs together' }).uncheck();
  await expect.poll(() => scope.overlayPicture()).toBe(alone);
  await expect.poll(async () => (await scope.smallPictures())[0]).toBe(plain[0]);
});

test('on a phone the lens in use is in sight, wherever it stands in the bar', async ({ scope, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=colours`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  const bar = page.getByRole('group', { name: 'Lens' });
  const isInSight = async (title: string): Promise<boolean> => {
    const [inner, outer] = await Promise.all([
      placeOf(bar.getByRole('radio', lens(title)).locator('..')),
      placeOf(bar),
    ]);
    return inner.x >= outer.x - 1 && inner.x + inner.width <= outer.x + outer.width + 1;
  };
  await expect.poll(() => isInSight('Colours')).toBe(true);
  await bar.getByRole('radio', lens('Heads')).check();
  await expect.poll(() => isInSight('Heads')).toBe(true);
});
