/** Our wasm kernels as kernels of tfjs's wasm back end, under the names of the WebGPU ones: the layers above know no difference. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';
import { attentionKernel, type AttentionInputs } from '../kernels/attention.ts';
import type { Kernel } from '../kernels/define-kernel.ts';
import { layerNormKernel, type LayerNormInputs } from '../kernels/layer-norm.ts';
import { linearKernel, type LinearAttributes, type LinearInputs } from '../kernels/linear.ts';
import { attendScratchBytes, packedHeadBytes } from './attention-code.ts';
import { queryRowsKernel, type QueryRowsInputs } from '../kernels/query-rows.ts';
import { switchKernels } from '../kernels/fused-kernels.ts';
import { simdRunnerOf, type SimdRunner } from './simd-runner.ts';

/** What a kernel works with: addresses of tensors in the wasm memory, 0 for none, and a result to write. */
interface Heap {
  addressOf(tensor: tf.TensorInfo | undefined): number;
  floats(tensor: tf.TensorInfo): Float32Array;
}

type Compute<Inputs, Attributes> = (
  inputs: Inputs,
  attributes: Attributes,
  heap: Heap,
  makeResult: (shape: [number, number]) => tf.TensorInfo,
  runner: SimdRunner,
) => void;

function configFor<Inputs extends object, Attributes extends object>(
  kernel: Kernel<Inputs, Attributes>,
  compute: Compute<Inputs, Attributes>,
): tf.KernelConfig {
  return {
    kernelName: kernel.config.kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend: current }) => {
      const backend = current as BackendWasm;
      const heap: Heap = {
        addressOf: (tensor) => (tensor === undefined ? 0 : backend.getMemoryOffset(tensor.dataId)),
        floats: (tensor) => backend.typedArrayFromHeap(tensor) as Float32Array,
      };
      let result: tf.TensorInfo | null = null;
      const makeResult = (shape: [number, number]): tf.TensorInfo => {
        result = backend.makeOutput(shape, 'float32');
        return result;
      };
      compute(
        inputs as unknown as Inputs,
        attrs as unknown as Attributes,
        heap,
        makeResult,
        simdRunnerOf(backend),
      );
      if (result === null) throw new Error(`${kernel.config.kernelName} made no result`);
      return result;
    },
  };
}

const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] as number;

const computeLinear: Compute<LinearInputs, LinearAttributes> = (
  { x, weight, bias, residual },
  { rows, firstColumn, columns, activation },
  { addressOf },
  makeResult,
  { run },
) => {
  const [depth = 0, width = 0] = weight.shape;
  // Whole vectors are stored: others would reach past the result, into whatever lies there.
  if (columns % 4 !== 0 || firstColumn % 4 !== 0)
    throw new Error(
      `linear: columns ${firstColumn} to ${firstColumn + columns} are no whole vectors of four`,
    );
  const result = addressOf(makeResult([rows, columns]));
  const offset = 4 * firstColumn;
  const values = [
    addressOf(x),
    depth,
    addressOf(weight) + offset,
    4 * width,
    bias === undefined ? 0 : addressOf(bias) + offset,
    addressOf(residual),
    result,
    rows,
    columns,
    activation === 'gelu' ? 1 : 0,
  ];
  run('linear', Math.ceil(columns / 8), values, (depth + 1) * 32);
};

const computeLayerNorm: Compute<LayerNormInputs, { eps: number }> = (
  { x, gain, bias },
  { eps },
  { addressOf },
  makeResult,
  { run },
) => {
  const [tokens = 0, width = 0] = x.shape;
  const result = addressOf(makeResult([tokens, width]));
  run('layerNorm', tokens, [addressOf(x), addressOf(gain), addressOf(bias), result, width, bitsOf(eps)], 0);
};

/** Queries that pass a head's keys together: as many as keep their scores in a second-level cache, in whole tiles of 5 or 6. */
function queriesAtOnce(tokens: number): number {
  const scoresBytes = 256 * 1024;
  const fitting = Math.floor(scoresBytes / (4 * tokens));
  return Math.min(60, Math.max(30, fitting - (fitting % 30)));
}

const computeAttention: Compute<AttentionInputs, { numHeads: number }> = (
  { qkv },
  { numHeads },
  { addressOf },
  makeResult,
  { run, shared },
) => {
  const [tokens = 0, width = 0] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const result = addressOf(makeResult([tokens, channels]));
  const packed = shared(numHeads * packedHeadBytes(tokens, headWidth));
  const common = [addressOf(qkv), tokens, channels, headWidth];
  run('packHeads', numHeads, [...common, bitsOf(headWidth ** -0.5), packed], 0);
  const queries = queriesAtOnce(tokens);
  const groups = Math.ceil(tokens / queries);
  const scratchBytes = attendScratchBytes(tokens, queries);
  run('attend', numHeads * groups, [...common, packed, result, queries, groups], scratchBytes);
};

/** For a few queries, so little work that JavaScript does it. */
const computeQueryRows: Compute<QueryRowsInputs, { numHeads: number }> = (
  { queries, keys },
  { numHeads },
  heap,
  makeResult,
) => {
  const [queryCount = 0, channels = 0] = queries.shape;
  const [tokens = 0] = keys.shape;
  const headWidth = channels / numHeads;
  const rows = heap.floats(makeResult([numHeads * queryCount, tokens]));
  const q = heap.floats(queries);
  const k = heap.floats(keys);
  for (let at = 0; at < numHeads * queryCount; at++) {
    const row = rows.subarray(at * tokens, (at + 1) * tokens);
    const firstKey = Math.floor(at / queryCount) * headWidth;
    const firstQuery = (at % queryCount) * channels + firstKey;
    for (let token = 0; token < tokens; token++) {
      const key = token * channels + firstKey;
      let score = 0;
      for (let i = 0; i < headWidth; i++) score += (q[firstQuery + i] as number) * (k[key + i] as number);
      row[token] = score * headWidth ** -0.5;
    }
    const largest = row.reduce((most, score) => Math.max(most, score), -Infinity);
    let sum = 0;
    for (let token = 0; token < tokens; token++)
      sum += row[token] = Math.exp((row[token] as number) - largest);
    for (let token = 0; token < tokens; token++) row[token] = (row[token] as number) / sum;
  }
};

const configs = [
  configFor(linearKernel, computeLinear),
  configFor(layerNormKernel, computeLayerNorm),
  configFor(attentionKernel, computeAttention),
  configFor(queryRowsKernel, computeQueryRows),
];

/** As `switchFusedKernels` for WebGPU. Needs a back end whose runner is open. */
export const switchSimdKernels = (wanted: boolean): void => switchKernels(configs, wanted);
