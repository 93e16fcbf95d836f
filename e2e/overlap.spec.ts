/** Patches that overlap: a finer grid, its cost said before, and maps that stay in their place. */
import { beforeWorker } from './before-worker.ts';
import { expect, placeOf, samplePath, sideOf, test } from './scope.ts';

/** The cat at 20 patches: 13 × 20, or with a stride of half a patch 25 × 39, of a quarter 49 × 77. */
test('patches that overlap make a finer map; what it costs is said before', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
  await expect(scope.fact('Tokens')).toHaveText('261');
  const field = page.getByRole('group', { name: 'Overlapping patches' });
  await expect(field.getByRole('radio')).toHaveCount(3);
  await expect(field.getByRole('radio', { name: 'None' })).toBeChecked();
  await expect(field).toContainText(
    /2\s×: 975 patches instead of 260; about \d\s× the time \(.+s instead of .+s\), 4\s× the memory\./,
  );
  await expect(field).toContainText(
    /4\s×: 3773 patches instead of 260; about \d\d\s× the time .+, 14\s× the memory\./,
  );
  await scope.showView('Mean');
  const unseen = (await page.getByText(/^Hatched:/).textContent()) ?? '';
  const coarse = await scope.savedPicture();

  await scope.choose('2 ×');
  await expect(scope.fact('Rows × columns')).toHaveText('25 × 39');
  await expect(scope.fact('Tokens')).toHaveText('976');
  await expect(field).toContainText('4 ×: 3773 patches instead of 975');
  await expect(field).not.toContainText('2 ×: ');
  expect((await scope.savedPicture()) === coarse).toBe(false);
  // The smaller cells end a quarter of a patch before the patches do, which is seen all the same.
  await expect(page.getByText(/^Hatched:/)).toHaveText(unseen);
  const [edge, middle] = await scope.alphas('overlay', [
    { x: 0.004, y: 0.5 },
    { x: 0.5, y: 0.5 },
  ]);
  expect(middle).toBeGreaterThan(100);
  expect(edge).toBe(middle);

  // A patch is picked where the pointer is, in the finer grid.
  const box = await placeOf(scope.overlay);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await expect(scope.stage).toContainText('row 13, column 20');
  await page.keyboard.press('Escape');

  // Going back costs no second pass, and gives what was there.
  await scope.choose('None');
  await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
  expect((await scope.savedPicture()) === coarse).toBe(true);
});

test('the address asks for it, and a long pass is cancelled like any other', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(40)}&overlap=4`);
  await scope.drop(samplePath('cat'));
  await expect(scope.stage).toHaveAttribute('data-status', 'running');
  await page.getByRole('button', { name: 'Cancel', exact: true }).first().click();
  await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'cancelled');
  await scope.choose(`${sideOf(10)}`);
  await scope.allSettled(1);
  await expect(page.getByRole('radio', { name: '4 ×', exact: true })).toBeChecked();
  await expect(scope.fact('Rows × columns')).toHaveText('25 × 37');
});

/** As on a device with little memory: its larger buffers are refused. */
const littleMemory = `
  const createBuffer = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.size > 3e6)
      this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: new GPUOutOfMemoryError('no memory') }));
    return createBuffer.call(this, descriptor);
  };`;

test('where it does not fit into memory a sentence says so, and the map of before is there', async ({
  scope,
  page,
}) => {
  await beforeWorker(page, littleMemory);
  await scope.open(`backend=webgpu&side=${sideOf(12)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  const before = await scope.savedPicture();
  await scope.choose('4 ×');
  await scope.allSettled(1);
  await expect(scope.frame('cat.jpg').getByRole('radio')).toHaveAccessibleName(
    /not enough memory for 1306 tokens\. Choose a smaller input size or patches that overlap less, and try again\./,
  );
  await expect(scope.fact('Rows × columns')).toHaveText('8 × 12');
  expect((await scope.savedPicture()) === before).toBe(true);
  await scope.choose('None');
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  expect((await scope.savedPicture()) === before).toBe(true);
});
