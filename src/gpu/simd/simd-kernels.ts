/**
 * Our wasm kernels as kernels of tfjs's wasm back end. They have the names of the WebGPU kernels, so the layers above use
 * both in the same way.
 */
import { attentionKernel, type AttentionInputs } from '../kernels/attention.ts';
import { switchKernels } from '../kernels/fused-kernels.ts';
import { layerNormKernel, type LayerNormInputs } from '../kernels/layer-norm.ts';
import { linearKernel, type LinearAttributes, type LinearInputs } from '../kernels/linear.ts';
import { queryRowsKernel, type QueryRowsInputs } from '../kernels/query-rows.ts';
import { attendScratchBytes, keysBytes, packedHeadBytes } from './attention-code.ts';
import { bitsOf, checkWhole, simdConfig, type Compute } from './simd-kernel.ts';
import { simdTrainingConfigs } from './simd-training-kernels.ts';

const computeLinear: Compute<LinearInputs, LinearAttributes> = (
  { x, weight, bias, residual },
  { rows, firstColumn, columns, activation },
  { addressOf, make, run },
) => {
  const [depth = 0, width = 0] = weight.shape;
  checkWhole(firstColumn);
  checkWhole(columns);
  const result = make([rows, columns]);
  const offset = 4 * firstColumn;
  const values = [
    addressOf(x),
    0,
    depth,
    addressOf(weight) + offset,
    4 * width,
    0,
    bias === undefined ? 0 : addressOf(bias) + offset,
    addressOf(residual),
    addressOf(result),
    rows,
    columns,
    activation === 'gelu' ? 1 : 0,
    0,
  ];
  run('linear', Math.ceil(columns / 8), values, (depth + 1) * 32);
  return result;
};

const computeLayerNorm: Compute<LayerNormInputs, { eps: number }> = (
  { x, gain, bias },
  { eps },
  { addressOf, make, run },
) => {
  const [tokens = 0, width = 0] = x.shape;
  const result = make([tokens, width]);
  const tensors = [x, gain, bias, result].map(addressOf);
  run('layerNorm', tokens, [...tensors, width, bitsOf(eps)], 0);
  return result;
};

/**
 * Queries that are multiplied by a head's keys together: as many as have scores that fit into a second-level cache, in
 * whole tiles of 5 or 6.
 */
function queriesAtOnce(tokens: number): number {
  const scoresBytes = 256 * 1024;
  const fitting = Math.floor(scoresBytes / (4 * tokens));
  return Math.min(60, Math.max(30, fitting - (fitting % 30)));
}

const computeAttention: Compute<AttentionInputs, { numHeads: number }> = (
  { qkv },
  { numHeads },
  { addressOf, make, run, shared },
) => {
  const [tokens = 0, width = 0] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const result = make([tokens, channels]);
  const packed = shared(numHeads * packedHeadBytes(tokens, headWidth));
  const common = [addressOf(qkv), tokens, channels, headWidth];
  run('packHeads', numHeads, [...common, bitsOf(headWidth ** -0.5), packed], 0);
  const queries = queriesAtOnce(tokens);
  const groups = Math.ceil(tokens / queries);
  const scratchBytes = attendScratchBytes(tokens, queries);
  run('attend', numHeads * groups, [...common, packed, addressOf(result), queries, groups], scratchBytes);
  return result;
};

/** For up to this many queries there is so little work that JavaScript does it. */
const fewQueries = 3;

const computeFewRows: Compute<QueryRowsInputs, { numHeads: number }> = (
  { queries, keys },
  { numHeads },
  { floats, make },
) => {
  const [queryCount = 0, channels = 0] = queries.shape;
  const [tokens = 0] = keys.shape;
  const headWidth = channels / numHeads;
  const result = make([numHeads * queryCount, tokens]);
  const rows = floats(result);
  const q = floats(queries);
  const k = floats(keys);
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
  return result;
};

const computeManyRows: typeof computeFewRows = (
  { queries, keys },
  { numHeads },
  { addressOf, make, run, shared },
) => {
  const [queryCount = 0, channels = 0] = queries.shape;
  const [tokens = 0] = keys.shape;
  const headWidth = channels / numHeads;
  const result = make([numHeads * queryCount, tokens]);
  const packed = shared(numHeads * keysBytes(tokens, headWidth));
  const common = [tokens, channels, headWidth];
  run('packKeys', numHeads, [addressOf(keys), ...common, bitsOf(headWidth ** -0.5), packed], 0);
  const atOnce = queriesAtOnce(tokens);
  const groups = Math.ceil(queryCount / atOnce);
  const values = [addressOf(queries), queryCount, ...common, packed, addressOf(result), atOnce, groups];
  run('queryRows', numHeads * groups, values, attendScratchBytes(tokens, atOnce));
  return result;
};

const computeQueryRows: typeof computeFewRows = (inputs, attributes, runner) => {
  const compute = (inputs.queries.shape[0] ?? 0) > fewQueries ? computeManyRows : computeFewRows;
  return compute(inputs, attributes, runner);
};

const configs = [
  simdConfig(linearKernel.config.kernelName, computeLinear),
  simdConfig(layerNormKernel.config.kernelName, computeLayerNorm),
  simdConfig(attentionKernel.config.kernelName, computeAttention),
  simdConfig(queryRowsKernel.config.kernelName, computeQueryRows),
  ...simdTrainingConfigs,
];

/** The counterpart of `switchFusedKernels` for WebGPU. Needs a back end whose runner is open. */
export const switchSimdKernels = (wanted: boolean): void => switchKernels(configs, wanted);
