import { expect, test } from 'vitest';
import type { NamedTensor, VitArchitecture } from '../core/architecture.ts';
import { openFixture } from '../testing/checkpoint-fixtures.ts';
import { checkpointModel } from './load-checkpoint.ts';
import type { LoadedModel } from './loaded-model.ts';
import { hashNetwork } from './network-hash.ts';
import { networkOfSizes, randomised } from './random-network.ts';

const { signal } = new AbortController();

async function load(file: string, numHeads = 3): Promise<LoadedModel> {
  const facts = { id: file, title: file, files: [await openFixture(file)], sha256: null };
  const loaded = await checkpointModel({ ...facts, hints: { numHeads } })(signal, () => {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

test('PyTorch’s files of one network have one hash, and the same as float16 too', async () => {
  const [first, ...others] = await Promise.all(
    ['dino.pth', 'dino-legacy.pth', 'float16.pth'].map(async (file) => hashNetwork(await load(file))),
  );
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(others).toEqual([first, first]);
});

test('other heads, and a network of another family, are others', async () => {
  const hashes = await Promise.all([
    hashNetwork(await load('dino.pth')),
    hashNetwork(await load('dino.pth', 6)),
    hashNetwork(await load('dinov2.pth')),
  ]);
  expect(new Set(hashes).size).toBe(hashes.length);
});

const large: VitArchitecture = {
  family: 'dino',
  embedDim: 192,
  depth: 2,
  numHeads: 3,
  patchSize: 16,
  gridSize: 14,
  mlpRatio: 4,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};

test('a step of training, of parameters that are too large to be hashed whole, makes it another one', async () => {
  const loaded = await randomised(networkOfSizes('any', 'Any', large), 1)(signal, () => {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const { parameters } = loaded.value;
  const before = await hashNetwork(loaded.value);
  const hashes = new Map<string, string>();
  for (const [name, { shape, values }] of parameters) {
    const step = (value: number): number => value * 1.001 + 1e-5;
    const stepped: [string, NamedTensor] = [name, { shape, values: values.map(step) }];
    const other = { architecture: large, parameters: new Map([...parameters, stepped]) };
    hashes.set(name, await hashNetwork(other));
  }
  expect([...hashes].filter(([, hash]) => hash === before)).toEqual([]);
  // In any order.
  const turned = { architecture: large, parameters: new Map([...parameters].toReversed()) };
  expect(await hashNetwork(turned)).toBe(before);
});
