/** Questions that come while another one is being answered. */
import { expect, test } from 'vitest';
import { randomStream } from '../core/random.ts';
import { noFaults } from '../gpu/fault-watch.ts';
import { openBackend } from '../gpu/open-backend.ts';
import { createMemoryStorage } from '../library/file-storage.ts';
import { KeptCollection } from '../library/kept-collection.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import { CollectionFeatures } from './collection-features.ts';

const facts = {
  title: 'Many',
  modelKey: 'tiny',
  modelHash: null,
  modelTitle: 'Tiny',
  settings: { block: 1, framing: 'square', sidePx: 32 },
  channels: 8,
  savedAt: '2026-11-29T02:00:00.000Z',
} as const;

/** 300 photographs, half of them with a class. */
async function collectMany(): Promise<KeptCollection> {
  const random = randomStream(7);
  const vector = (): Float32Array<ArrayBuffer> => Float32Array.from({ length: 8 }, () => random.normal());
  const made = await KeptCollection.create(createMemoryStorage('refused'), 'c', facts);
  await made.whileOpen(() => {
    for (let at = 0; at < 300; at++)
      made.append({ path: `${at}.jpg`, byteLength: at, lastModified: 1 }, at % 2 === 0 ? 'even' : null, {
        features: { cls: vector(), mean: vector(), gem: vector() },
        thumbnail: null,
      });
  });
  return made;
}

test('a vote that comes while neighbours are found, with other classes, is that of its own classes', async () => {
  await openBackend('cpu', null);
  const collection = await collectMany();
  const device = { enqueue: createSerialQueue(), faults: () => noFaults };
  // Every change is asked on the device, in blocks.
  const features = new CollectionFeatures(device, 0);
  const ask = () => features.nearestLabelled(collection, 'cls', 5, () => undefined);
  const first = ask();
  await Promise.resolve();
  collection.giveClasses([1, 3, 5].map((index) => ({ index, className: 'odd' })));
  const second = await ask();
  await first;
  expect(second.classNames).toEqual(['even', 'odd']);
  const anew = await new CollectionFeatures(device).nearestLabelled(collection, 'cls', 5, () => undefined);
  expect(second.neighbours.items).toEqual(anew.neighbours.items);
  const third = await ask();
  expect(third.neighbours.items).toEqual(anew.neighbours.items);
});
