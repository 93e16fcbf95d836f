/**
 * Checks that the device computes correctly at this size. The self-check at the start runs a tiny network, but some
 * devices give zeros for arrays above some size, or after long use, without an error. So the first two blocks are run
 * alone, and a few tokens, the last one among them, are computed again on plain arrays from the same input. This is
 * done before the first pass with more tokens than any before, and again after many passes. All kernels of a pass run
 * in it, at their real sizes, in about 1.1 / depth of a pass's time.
 */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount, type VitArchitecture } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { Overlap } from '../core/overlap.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { floatWeight, storageOf } from '../gpu/kernels/half-weights.ts';
import {
  addRows,
  attentionRow,
  geluRow,
  layerNormRow,
  linearRow,
  weighValues,
  type PlainLinear,
  type PlainNorm,
} from './few-rows.ts';
import { runForward, type ForwardOptions } from './forward.ts';
import { gridOf, positionsFor } from './layers.ts';
import type { BlockParameters, LayerNormParameters, LinearParameters, VitParameters } from './parameters.ts';
import { readAttention, readTokens } from './read-attention.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { Tap, TokenIndex } from './taps.ts';

/** Of the largest value. Rounding makes 1e-4 of it where attention is sharp; a silent failure is off by all of it. */
const tolerance = 1e-2;

/** A device is checked again after this many passes. */
const passesOfProof = 100;

/** The most tokens that were checked, and how many passes remain until the next check. */
interface Proof {
  readonly tokens: number;
  passesLeft: number;
}

/** For each network on the device, and each overlap, since patches are cut out of the photograph in another way. */
const proofs = new WeakMap<VitParameters, Map<Overlap, Proof>>();

/** The differences, by stage of the computation. */
class Comparison {
  private readonly stages = new Map<string, { largest: number; difference: number }>();

  compare(stage: string, actual: ArrayLike<number>, expected: Float64Array): void {
    const of = this.stages.get(stage) ?? { largest: 0, difference: 0 };
    this.stages.set(stage, of);
    for (const [i, value] of expected.entries()) {
      of.largest = Math.max(of.largest, Math.abs(value));
      const difference = Math.abs(value - (actual[i] ?? NaN));
      // NaN stays.
      if (!(difference <= of.difference)) of.difference = difference;
    }
  }

  /** @returns the first stage that is wrong, in words; null where all are right */
  problem(): string | null {
    for (const [stage, { largest, difference }] of this.stages)
      if (!(difference <= tolerance * largest))
        return `${stage} ${stage.endsWith('s') ? 'are' : 'is'} off by ${(difference / largest).toPrecision(2)} of the largest value`;
    return null;
  }
}

/** A copy to read. A tensor that is read itself leaves the device. @returns float32, the caller's */
export const copyToRead = (tensor: tf.Tensor): tf.Tensor =>
  storageOf(tensor) === 'float16'
    ? floatWeight(tensor as tf.Tensor2D)
    : tf.slice(
        tensor,
        tensor.shape.map(() => 0),
      );

const valuesOf = async (tensor: tf.Tensor, faults: FaultWatch): Promise<Float32Array> =>
  (await readValues(copyToRead(tensor), faults)).values;

// Parameters are read together, since with a graphics card each wait for faults takes a few ms. Tokens are not: of a large
// photograph they take much memory, and each is copied before it is read.

async function readLinear({ weight, bias }: LinearParameters, faults: FaultWatch): Promise<PlainLinear> {
  const [weights, biases] = await Promise.all([
    valuesOf(weight, faults),
    bias === null ? null : valuesOf(bias, faults),
  ]);
  return { weight: weights, bias: biases };
}

async function readNorm(of: LayerNormParameters, faults: FaultWatch): Promise<PlainNorm> {
  const [gain, bias] = await Promise.all([valuesOf(of.gain, faults), valuesOf(of.bias, faults)]);
  return { gain, bias };
}

/** The first, the last, where zeros would begin, and some between. */
function samplesOf(tokens: number): TokenIndex[] {
  const steps = 5;
  return [...new Set(Array.from({ length: steps + 1 }, (_, i) => Math.floor((i * (tokens - 1)) / steps)))];
}

const rowOf = (values: ArrayLike<number>, token: TokenIndex, width: number): Float64Array =>
  Float64Array.from({ length: width }, (_, i) => values[token * width + i] as number);

/** Tokens before the first block, from the photograph. */
async function embedder(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  { faults, overlap = 1 }: Pick<ForwardOptions, 'faults' | 'overlap'>,
): Promise<(token: TokenIndex) => Float64Array> {
  const { architecture } = parameters;
  const { embedDim, patchSize } = architecture;
  const special = specialTokenCount(architecture);
  const grid = gridOf(size, patchSize, overlap);
  const stride = patchSize / overlap;
  const positions = positionsFor(parameters, grid);
  const [specialTokens, patchEmbedding] = await Promise.all([
    valuesOf(parameters.specialTokens, faults),
    readLinear(parameters.patchEmbedding, faults),
  ]);
  const pixelsOf = (patch: number): Float64Array => {
    const [row, column] = [Math.floor(patch / grid.columns), patch % grid.columns];
    const pixels = new Float64Array(3 * patchSize ** 2);
    for (let y = 0; y < patchSize; y++) {
      const from = 3 * ((row * stride + y) * size.width + column * stride);
      pixels.set(input.subarray(from, from + 3 * patchSize), 3 * patchSize * y);
    }
    return pixels;
  };
  return (token) => {
    const position = rowOf(positions, token, embedDim);
    return token < special
      ? addRows(rowOf(specialTokens, token, embedDim), position)
      : addRows(linearRow(pixelsOf(token - special), patchEmbedding), position);
  };
}

/** The first block, whole. */
async function compareFirstBlock(
  tapped: Tapped,
  embed: (token: TokenIndex) => Float64Array,
  comparison: Comparison,
): Promise<void> {
  const { parameters, faults, tokens } = tapped;
  const { embedDim, numHeads, depth, layerNormEps } = parameters.architecture;
  const block = parameters.blocks[0] as BlockParameters;
  const [norm1, norm2, finalNorm] = await Promise.all([
    readNorm(block.norm1, faults),
    readNorm(block.norm2, faults),
    depth === 1 ? readNorm(parameters.norm, faults) : null,
  ]);
  const [qkv, projection, fc1, fc2] = await Promise.all([
    readLinear(block.qkv, faults),
    readLinear(block.projection, faults),
    readLinear(block.fc1, faults),
    readLinear(block.fc2, faults),
  ]);
  const queries = await readTokens(tapped, 0, 'query');
  const keys = await readTokens(tapped, 0, 'key');
  const values = await readTokens(tapped, 0, 'value');
  const outputs = await readTokens(tapped, 0, 'out');
  for (const token of samplesOf(tokens)) {
    const x = embed(token);
    const expected = linearRow(layerNormRow(x, norm1, layerNormEps), qkv);
    for (const [part, of] of [queries, keys, values].entries())
      comparison.compare(
        'queries, keys and values',
        rowOf(of, token, embedDim),
        expected.subarray(part * embedDim, (part + 1) * embedDim),
      );
    const weighted = weighValues(
      attentionRow(expected.subarray(0, embedDim), keys, numHeads),
      values,
      numHeads,
    );
    const attended = addRows(linearRow(weighted, projection), x);
    const hidden = geluRow(linearRow(layerNormRow(attended, norm2, layerNormEps), fc1));
    const out = addRows(linearRow(hidden, fc2), attended);
    comparison.compare(
      "a block's output",
      rowOf(outputs, token, embedDim),
      finalNorm === null ? out : layerNormRow(out, finalNorm, layerNormEps),
    );
  }
}

/** As a last block runs: keys alone, and the rows of the special tokens. */
async function compareLastBlock(tapped: Tapped, comparison: Comparison): Promise<void> {
  const { parameters, faults, tokens } = tapped;
  const { embedDim, numHeads, layerNormEps } = parameters.architecture;
  const block = parameters.blocks[1] as BlockParameters;
  const [norm1, qkv] = await Promise.all([readNorm(block.norm1, faults), readLinear(block.qkv, faults)]);
  const inputs = await readTokens(tapped, 0, 'out');
  const keys = await readTokens(tapped, 1, 'key');
  const expected = (token: TokenIndex): Float64Array =>
    linearRow(layerNormRow(rowOf(inputs, token, embedDim), norm1, layerNormEps), qkv);
  for (const token of samplesOf(tokens))
    comparison.compare(
      "the last block's keys",
      rowOf(keys, token, embedDim),
      expected(token).subarray(embedDim, 2 * embedDim),
    );
  const { values } = await readAttention(tapped, [1], [0]);
  const query = expected(0).subarray(0, embedDim);
  comparison.compare('attention', values, attentionRow(query, keys, numHeads));
}

const facets = ['query', 'key', 'value', 'out'] as const;

/** What is compared. */
export function proofTaps({ depth }: VitArchitecture): Tap[] {
  const whole = facets.map((facet): Tap => ({ of: 'tokens', block: 0, facet }));
  if (depth === 1) return whole;
  return [
    ...whole,
    { of: 'tokens', block: 1, facet: 'key' },
    { of: 'attention', blocks: [1], queries: 'special' },
  ];
}

/**
 * To be called before each pass. Does nothing where a pass of as many tokens, with the same overlap, has proved right a
 * short while ago.
 * @param input what the pass will get, shape [height, width, 3]
 * @throws FailureError 'wrong-result' where the device's numbers are wrong
 */
export async function proveSize(
  parameters: VitParameters,
  input: Float32Array,
  size: Size,
  options: Pick<ForwardOptions, 'faults' | 'overlap' | 'signal'>,
): Promise<void> {
  const { architecture } = parameters;
  const { overlap = 1 } = options;
  const { rows, columns } = gridOf(size, architecture.patchSize, overlap);
  const tokens = specialTokenCount(architecture) + rows * columns;
  const ofNetwork = proofs.get(parameters) ?? new Map<Overlap, Proof>();
  proofs.set(parameters, ofNetwork);
  const proof = ofNetwork.get(overlap);
  if (proof !== undefined && proof.tokens >= tokens && proof.passesLeft > 0) {
    proof.passesLeft--;
    return;
  }
  const comparison = new Comparison();
  const tapped = await runForward(parameters, input, size, proofTaps(architecture), options);
  try {
    const embed = await embedder(parameters, input, size, options);
    await compareFirstBlock(tapped, embed, comparison);
    if (architecture.depth > 1) await compareLastBlock(tapped, comparison);
  } finally {
    tapped.dispose();
  }
  const problem = comparison.problem();
  if (problem !== null)
    throw new FailureError({ code: 'wrong-result', problem: `with ${tokens} tokens ${problem}` });
  ofNetwork.set(overlap, { tokens, passesLeft: passesOfProof });
}
