/** What convert writes is tfjs format by tfjs's own word: @tensorflow/tfjs itself reads the folder, and every tensor is compared. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { loadModel } from '../../src/models/load-model.ts';
import { checkpointPath } from '../../src/testing/checkpoint-fixtures.ts';
import { expectedNetwork } from '../../src/testing/checkpoint-networks.ts';
import { runTool } from '../../src/testing/run-tool.ts';
import { folderSource } from '../attend/folder-source.ts';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'tfjs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** By tfjs's loader, the one that `tf.loadGraphModel` and `tf.loadLayersModel` use, with files in place of a server. */
async function loadByTfjs(model: string): Promise<tf.NamedTensorMap> {
  const fetchFunc: typeof fetch = async (input) => {
    if (typeof input !== 'string') return expect.unreachable('tfjs asks by addresses');
    const name = input.split('/').at(-1) ?? '';
    return new Response(Uint8Array.from(await readFile(join(model, name))));
  };
  const loaded = await tf.io.browserHTTPRequest('http://folder/model.json', { fetchFunc }).load?.();
  const { weightData, weightSpecs } = loaded ?? {};
  if (weightData === undefined || weightSpecs === undefined) return expect.unreachable('no weights');
  return tf.io.decodeWeights(tf.io.CompositeArrayBuffer.join(weightData), weightSpecs);
}

/** Half the distance of two neighbouring binary16 numbers around `value`. */
const halfOfSpacing = (value: number): number =>
  2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 11);

const isMatrix = (name: string): boolean => /\.(qkv|proj|fc1|fc2)\.weight$/.test(name);

/** What may lie between a value and what a type can hold of it. */
function tolerance(dtype: string, name: string, values: Float32Array, value: number): number {
  if (dtype === 'float32') return 0;
  if (dtype === 'float16' || !isMatrix(name)) return halfOfSpacing(value);
  // 255 steps from the least to the largest value, and what float32 arithmetic adds.
  return ((Math.max(...values) - Math.min(...values)) / 255) * 0.5001;
}

test.each(['float32', 'float16', 'uint8'])(
  'a checkpoint as %s is read by tfjs, every tensor of it',
  async (dtype) => {
    const file = checkpointPath('dinov2-registers.pth');
    const out = join(folder, dtype);
    const run = await runTool('convert', file, '--heads', '3', '--dtype', dtype, '--out', out);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const tensors = await loadByTfjs(out);
    const { parameters } = expectedNetwork('dinov2-registers');
    expect(Object.keys(tensors)).toEqual([...parameters.keys()]);
    for (const [name, { shape, values }] of parameters) {
      const tensor = tensors[name] ?? expect.unreachable(name);
      expect(tensor.shape).toEqual(shape);
      expect(tensor.dtype).toBe('float32');
      const read = await tensor.data<'float32'>();
      const far = values.findIndex(
        (value, i) => !(Math.abs((read[i] ?? NaN) - value) <= tolerance(dtype, name, values, value)),
      );
      expect(far).toBe(-1);
    }
    tf.dispose(tensors);
  },
);

test('the model that comes with the page is read by tfjs, and our own reader reads the same', async () => {
  const path = fileURLToPath(new URL(`../../public/models/${embeddedModelId}`, import.meta.url));
  const tensors = await loadByTfjs(path);
  const model = await loadModel(folderSource(path), new AbortController().signal, () => {});
  if (!model.ok) return expect.unreachable(model.error.code);
  expect(Object.keys(tensors)).toEqual([...model.value.parameters.keys()]);
  for (const [name, { shape, values }] of model.value.parameters) {
    const tensor = tensors[name] ?? expect.unreachable(name);
    expect(tensor.shape).toEqual(shape);
    // `toEqual` takes a minute for seven million values.
    const read = await tensor.data();
    expect(values.findIndex((value, i) => value !== read[i])).toBe(-1);
  }
  tf.dispose(tensors);
});
