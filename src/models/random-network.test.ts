import { describe, expect, test } from 'vitest';
import { elementCount, type VitArchitecture } from '../core/architecture.ts';
import { checkParameters } from './check-parameters.ts';
import type { LoadedModel } from './loaded-model.ts';
import { networkOfSizes, randomised, randomNetwork } from './random-network.ts';

const architecture: VitArchitecture = {
  family: 'dino',
  embedDim: 48,
  depth: 2,
  numHeads: 3,
  patchSize: 4,
  gridSize: 5,
  mlpRatio: 4,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 2,
  layerScale: true,
};
const model = { id: 'any', title: 'Any', architecture, parameters: new Map(), parameterCount: 0 };
const { parameters } = randomNetwork(model, 1);
const valuesOf = (name: string): number[] => [...(parameters.get(name)?.values ?? [])];
const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const deviationOf = (values: readonly number[]): number =>
  Math.sqrt(meanOf(values.map((value) => (value - meanOf(values)) ** 2)));

test('has every parameter of the architecture, in its shape', () => {
  const shapes = new Map([...parameters].map(([name, { shape }]) => [name, shape]));
  expect(checkParameters(architecture, shapes).ok).toBe(true);
  for (const [name, { shape, values }] of parameters)
    expect([name, values.length]).toEqual([name, elementCount(shape)]);
});

test.each(['blocks.0.attn.qkv.weight', 'blocks.1.mlp.fc2.weight', 'pos_embed'])(
  '%s is normal with deviation 0.02',
  (name) => {
    const values = valuesOf(name);
    // Five standard errors.
    expect(Math.abs(meanOf(values))).toBeLessThan((5 * 0.02) / Math.sqrt(values.length));
    expect(Math.abs(deviationOf(values) / 0.02 - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length));
    // Of a normal distribution 31.7 % lie beyond one deviation, of a uniform one 42.3 %.
    const beyond = values.filter((value) => Math.abs(value) > 0.02).length / values.length;
    expect(Math.abs(beyond - 0.317)).toBeLessThan(0.04);
  },
);

test('the patch embedding is uniform up to 1 / √48', () => {
  const values = valuesOf('patch_embed.proj.weight');
  const largest = Math.max(...values.map(Math.abs));
  expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(48));
  expect(largest).toBeGreaterThan(0.99 / Math.sqrt(48));
  expect(Math.abs(deviationOf(values) * Math.sqrt(3 * 48) - 1)).toBeLessThan(0.05);
});

test('norms do nothing, and biases are zero', () => {
  expect(new Set(valuesOf('blocks.0.norm1.weight'))).toEqual(new Set([1]));
  for (const name of ['norm.bias', 'blocks.0.attn.qkv.bias', 'blocks.1.mlp.fc1.bias'])
    expect(new Set(valuesOf(name))).toEqual(new Set([0]));
});

test('what DINOv2 adds begins small', () => {
  expect(new Set(valuesOf('blocks.1.ls2.gamma'))).toEqual(new Set([Math.fround(1e-5)]));
  const registers = valuesOf('register_tokens');
  expect(registers.length).toBe(2 * 48);
  expect(Math.abs(deviationOf(registers) / 1e-6 - 1)).toBeLessThan(0.4);
});

test('comes out the same for a seed, and otherwise for another', () => {
  expect(randomNetwork(model, 1).parameters).toEqual(parameters);
  expect(randomNetwork(model, 2).parameters.get('pos_embed')).not.toEqual(parameters.get('pos_embed'));
});

test('is made of a network of which only the sizes are known, under a name of its own', async () => {
  const { signal } = new AbortController();
  const told: VitArchitecture[] = [];
  const load = randomised(networkOfSizes('any', 'Any', architecture), 1);
  const loaded = await load(
    signal,
    () => {},
    (sizes) => told.push(sizes),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  expect(loaded.value).toMatchObject({ id: 'any-random-1', title: 'Any, random weights', architecture });
  expect(loaded.value.parameters).toEqual(parameters);
  const count = [...parameters.values()].reduce((sum, { values }) => sum + values.length, 0);
  expect(loaded.value.parameterCount).toBe(count);
  expect(told).toEqual([architecture]);
});

test('of a network that does not load is not made', async () => {
  const failure = { ok: false, error: { code: 'cancelled' } } as const;
  const load = randomised(() => Promise.resolve(failure), 1);
  expect(await load(new AbortController().signal, () => {})).toEqual(failure);
});

describe('that takes long to make', () => {
  // Some 900,000 values.
  const larger = networkOfSizes('larger', 'Larger', { ...architecture, embedDim: 192, numHeads: 3 });

  test('is the same as at once, and says how far it is', async () => {
    const seen: number[] = [];
    const { signal } = new AbortController();
    const load = randomised(larger, 1);
    const loaded = await load(signal, ({ loadedBytes, totalBytes }) => seen.push(loadedBytes / totalBytes));
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    // As bytes, since a comparison of a million numbers one by one takes seconds.
    const bytesOf = ({ parameters: all }: LoadedModel): [string, Buffer][] =>
      [...all].map(([name, { values }]) => [name, Buffer.from(values.buffer)]);
    expect(bytesOf(loaded.value)).toEqual(bytesOf(randomNetwork(loaded.value, 1)));
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(Math.max(...seen)).toBeLessThanOrEqual(1);
  });

  test('hears a cancel that comes as a message does, in the middle', async () => {
    const controller = new AbortController();
    let reports = 0;
    const outcome = randomised(larger, 1)(controller.signal, () => {
      reports += 1;
      setTimeout(() => controller.abort());
    });
    expect(await outcome).toEqual({ ok: false, error: { code: 'cancelled' } });
    // A timer comes after one or two of the three.
    expect(reports).toBeLessThan(3);
  });
});
