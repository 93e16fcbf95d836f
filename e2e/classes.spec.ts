/** The classes of a photograph, by a classifier that a person opens. */
import { writeSafetensors } from '../src/formats/safetensors-writer.ts';
import { catalogue } from '../src/catalogue/catalogue.ts';
import { axeOf } from './axe.ts';
import { publishedCheckpoint } from './published-checkpoint.ts';
import { expect, samplePath, sideOf, test } from './scope.ts';

/** Of the embedded model's CLS and mean patch, as DINOv2 has them: it tells the same of each photograph, by its bias. */
async function classifier(channels: number): Promise<Buffer> {
  const bias = new Float32Array(1000).fill(-20);
  // Tabby 0.7, golden retriever 0.2, coffee mug 0.1.
  for (const [index, share] of [
    [281, 0.7],
    [207, 0.2],
    [504, 0.1],
  ] as const)
    bias[index] = Math.log(share);
  const file = writeSafetensors(
    new Map([
      ['weight', { shape: [1000, channels], values: new Float32Array(1000 * channels) }],
      ['bias', { shape: [1000], values: bias }],
    ]),
    {},
  );
  return Buffer.from(await file.arrayBuffer());
}

test('a classifier that was opened tells the five likeliest classes of each photograph', async ({
  scope,
  page,
}) => {
  await scope.open();
  await scope.drop(samplePath('cat'), samplePath('coffee'));
  await scope.allSettled(2);
  const panel = page.getByRole('region', { name: 'Classes' });
  await panel.getByText('Classes', { exact: true }).click();
  await expect(panel).toContainText('A linear classifier on the features of DINOscope mini/16');
  const input = panel.locator('input[type=file]');
  const buffer = await classifier(100);
  await input.setInputFiles({ name: 'other.safetensors', mimeType: '', buffer });
  await expect(panel.getByRole('alert')).toContainText('its 100 inputs are not made of the 192 channels');
  await input.setInputFiles({ name: 'head.safetensors', mimeType: '', buffer: await classifier(384) });
  const items = panel.getByRole('listitem');
  await expect(items).toHaveCount(5);
  await expect(items.first()).toContainText(/tabby, tabby cat.*70/);
  await expect(items.nth(1)).toContainText(/golden retriever.*20/);
  await expect(panel).toContainText('By head.safetensors');
  await scope.frame('coffee.jpg').click();
  await expect(items.first()).toContainText(/tabby, tabby cat.*70/);
  // A probe of one's own says how the photographs were framed that it learned from.
  const probe = writeSafetensors(
    new Map([
      ['linear.weight', { shape: [2, 192], values: new Float32Array(2 * 192) }],
      ['linear.bias', { shape: [2], values: Float32Array.of(1, -1) }],
    ]),
    {
      classNames: '["mugs","others"]',
      feature: 'cls',
      settings: '{"block":8,"framing":"square","sidePx":64}',
      modelKey: 'any',
      modelTitle: 'Some network',
    },
  );
  const ofProbe = Buffer.from(await probe.arrayBuffer());
  await input.setInputFiles({ name: 'probe.safetensors', mimeType: '', buffer: ofProbe });
  await expect(items.first()).toContainText(/mugs.*88/);
  await expect(panel).toContainText(
    'By probe.safetensors, which learned from features of Some network, photographs squashed to a square at 64 px.',
  );
});

test('the classifier that is published beside a network is fetched when it is asked for, and once', async ({
  scope,
  page,
}) => {
  const entry = catalogue.models.find(({ id }) => id === 'dino-vits16');
  const [published] = entry?.classifiers ?? [];
  if (entry === undefined || published === undefined) throw new Error('the catalogue has no such classifier');
  const headers = { 'Access-Control-Allow-Origin': '*' };
  const weights = publishedCheckpoint(entry, '');
  const body = await classifier(4 * 384);
  let fetched = 0;
  await page.route(entry.sources[0].url, (route) => route.fulfill({ body: weights, headers }));
  await page.route(published.url, async (route) => {
    fetched += 1;
    await route.fulfill({ body, headers });
  });
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await page.keyboard.press('m');
  const list = page.getByRole('dialog', { name: 'Models' });
  const row = list.getByRole('listitem', { name: entry.title });
  await row.getByRole('button', { name: 'Download' }).click();
  await row.getByRole('button', { name: 'Use' }).click();
  await expect(row).toHaveAttribute('data-used', 'true');
  await page.keyboard.press('Escape');
  const panel = page.getByRole('region', { name: 'Classes' });
  const likeliest = panel.getByRole('listitem').first();
  await scope.allSettled(1);
  await panel.getByText('Classes', { exact: true }).click();
  expect(fetched).toBe(0);
  const button = panel.getByRole('button', { name: `Fetch ${published.title}` });
  // A login page of a network has the status 200 too.
  await page.route(published.url, (route) => route.fulfill({ body: '<html></html>', headers }), { times: 1 });
  await button.click();
  await expect(panel.getByRole('alert')).toContainText('is not the classifier: its 13 bytes are too few');
  await panel.getByRole('button', { name: 'Try again' }).click();
  await expect(likeliest).toContainText(/tabby, tabby cat.*70/);
  // The choice is kept, as the model's is, and so is the file.
  await page.reload();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await panel.getByText('Classes', { exact: true }).click();
  await expect(likeliest).toContainText(/tabby, tabby cat.*70/);
  await expect(panel).toContainText(`By ${published.title}, from the middle square`);
  expect(fetched).toBe(1);
});

test('on the Recognise page the classifier is asked about the chosen photograph, and about all', async ({
  scope,
  page,
}) => {
  await page.goto('./?backend=wasm#recognise');
  await expect(page.locator('[data-engine-status=ready]')).toBeVisible();
  await scope.drop(samplePath('cat'), samplePath('coffee'), samplePath('dahlia'));
  const photographs = page.getByRole('listbox', { name: 'Photographs of the collection' });
  await expect(photographs.getByRole('option')).toHaveCount(3);
  await expect(page.locator('.gathering')).toHaveCount(0);
  await page.getByRole('tab', { name: 'ImageNet' }).click();
  const side = page.getByRole('tabpanel', { name: 'ImageNet' });
  await expect(side).toContainText('A linear classifier on the features of DINOscope mini/16');
  await side
    .locator('.classifier-choices input[type=file]')
    .setInputFiles({ name: 'head.safetensors', mimeType: '', buffer: await classifier(384) });
  await photographs.getByRole('option', { name: 'cat.jpg' }).click();
  const details = page.getByRole('complementary', { name: 'The chosen photograph' });
  await expect(details.getByRole('heading', { name: 'head.safetensors' })).toBeVisible();
  await expect(details.locator('.likely-classes li')).toHaveCount(5);
  await expect(details.locator('.likely-classes li').first()).toContainText(/tabby, tabby cat.*70/);
  await side.getByRole('button', { name: 'Ask about 2 photographs' }).click();
  await expect(
    photographs.getByRole('option', { name: /^coffee\.jpg, no class, tabby, tabby cat 70/ }),
  ).toBeVisible();
  const told = side.getByRole('button', { name: 'tabby, tabby cat 3' });
  await told.click();
  await expect(page.locator('.grid-head')).toContainText('3 photographs: tabby, tabby cat');
  expect((await axeOf(page).analyze()).violations).toEqual([]);
  // In the other tabs it stands beside the votes.
  await page.getByRole('tab', { name: 'Classes' }).click();
  await expect(details.locator('.likely-classes li').first()).toContainText(/tabby, tabby cat.*70/);
});
