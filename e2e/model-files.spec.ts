import type { Route } from 'playwright/test';
import { expect, samplePath, test } from './scope.ts';

const shard = '**/models/*/*.bin';
const manifest = '**/models/*/model.json';

async function damaged(route: Route, damage: (bytes: Buffer) => Buffer): Promise<void> {
  const response = await route.fetch();
  await route.fulfill({ response, body: damage(Buffer.from(await response.body())) });
}

const damages: readonly (readonly [
  name: string,
  pattern: string,
  damage: (bytes: Buffer) => Buffer,
  sentence: RegExp,
])[] = [
  [
    'a flipped bit in a shard',
    shard,
    (bytes) => {
      bytes[1000] = (bytes[1000] ?? 0) ^ 1;
      return bytes;
    },
    /SHA-256 is not the one in model.json/,
  ],
  ['a shard that is too short', shard, (bytes) => bytes.subarray(0, bytes.length - 2), /bytes instead of/],
  [
    'another hash in model.json',
    manifest,
    (bytes) => Buffer.from(bytes.toString().replace(/"sha256": "./, '"sha256": "0')),
    /SHA-256/,
  ],
  [
    'an architecture that does not fit the shapes',
    manifest,
    (bytes) => Buffer.from(bytes.toString().replace(/"gridSize": \d+/, '"gridSize": 3')),
    /parameters do not fit its architecture/,
  ],
  ['a model.json that is not JSON', manifest, () => Buffer.from('<!doctype html>'), /model.json is not JSON/],
];

for (const [name, pattern, damage, sentence] of damages) {
  test(`${name} is an error and never a picture; it loads once it is mended`, async ({ scope, page }) => {
    let isDamaged = true;
    await page.route(pattern, (route) => (isDamaged ? damaged(route, damage) : route.continue()));
    await scope.open();
    await scope.drop(samplePath('cat'));
    await expect(page.getByRole('alert')).toContainText(sentence);
    await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'queued');
    isDamaged = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
  });
}

test('a model that is not there is said to be missing', async ({ scope, page }) => {
  await page.route(manifest, (route) => route.fulfill({ status: 404 }));
  await scope.open();
  await expect(page.getByRole('alert')).toContainText(/model could not be fetched.*the server answered 404/);
});

test('a second visit takes the model from the cache, and mends a damaged copy', async ({ scope, page }) => {
  const fetched: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('.bin')) fetched.push(request.url());
  });
  await scope.open();
  await scope.isReady();
  const shards = fetched.length;
  expect(shards).toBeGreaterThan(0);
  await page.reload();
  await scope.isReady();
  expect(fetched).toHaveLength(shards);
  await page.evaluate(async () => {
    const cache = await caches.open('dinoscope-models');
    const kept = (await cache.keys()).filter(({ url }) => url.includes('.bin'));
    for (const request of kept) await cache.put(request, new Response(new Uint8Array(10)));
  });
  await page.reload();
  await scope.isReady();
  expect(fetched).toHaveLength(2 * shards);
});
