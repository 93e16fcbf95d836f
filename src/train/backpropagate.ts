/**
 * The network forward, and backward by hand: no tape. Forward keeps what goes into each block, and its inside where there is memory for it;
 * otherwise backward computes the inside again before the gradients (activation checkpointing).
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../core/architecture.ts';
import type { NormedSum } from '../vit/block-layers.ts';
import type { BlockParameters, LayerNormParameters, LinearParameters } from '../vit/parameters.ts';
import type { Network } from './network.ts';
import { rowsOf, type PackedSegment, type Segment } from './packed-batch.ts';
import type { StepLayers } from './step-layers.ts';

/** By the names of `parameterSpecs`. */
export type Gradients = Record<string, tf.Tensor>;

/** Drop path's factors of a block's two branches, each of shape [rows, 1]. */
export type BlockDrop = readonly [tf.Tensor2D, tf.Tensor2D] | null;

/** Image patches → tokens. @returns shape [rows, C]; caller disposes */
export function embed(
  { architecture, patchEmbedding, clsToken, positions }: Network,
  segments: readonly PackedSegment[],
  layers: StepLayers,
): tf.Tensor2D {
  return tf.tidy(() => {
    const { embedDim } = architecture;
    const parts = segments.map(({ patches, sequences, tokens, positionMatrix }) => {
      const embedded = tf.reshape(layers.linear(patches, patchEmbedding), [sequences, tokens - 1, embedDim]);
      const cls = tf.tile(tf.reshape(clsToken, [1, 1, embedDim]), [sequences, 1, 1]);
      const places =
        positionMatrix === null
          ? positions
          : layers.linear(positionMatrix, { weight: positions, bias: null });
      const whole = tf.add(tf.concat([cls, embedded], 1), tf.expandDims(places, 0));
      return tf.reshape<tf.Rank.R2>(whole, [sequences * tokens, embedDim]);
    });
    return parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat(parts, 0);
  });
}

/** @param above gradient of `embed`'s result */
export function embedGradients(
  { architecture: { embedDim } }: Network,
  segments: readonly PackedSegment[],
  layers: StepLayers,
  above: tf.Tensor2D,
): Gradients {
  return tf.tidy(() => {
    const parts = segments.map(({ firstRow, sequences, tokens, patches, positionMatrix }) => {
      const part = tf.reshape(tf.slice2d(above, [firstRow, 0], [sequences * tokens, -1]), [sequences, -1]);
      const places = tf.reshape<tf.Rank.R2>(layers.columnSums(part as tf.Tensor2D), [tokens, embedDim]);
      const embedded = tf.reshape<tf.Rank.R2>(
        tf.slice(tf.reshape(part, [sequences, tokens, embedDim]), [0, 1, 0], [-1, -1, -1]),
        [-1, embedDim],
      );
      const projection = layers.weightGradients(patches, embedded);
      return {
        'backbone.cls_token': tf.slice2d(places, [0, 0], [1, -1]),
        'backbone.pos_embed': positionMatrix === null ? places : layers.product(positionMatrix, places, 'a'),
        'backbone.patch_embed.proj.weight': projection.weight,
        'backbone.patch_embed.proj.bias': projection.bias,
      };
    });
    return parts.reduce<Gradients>((sum, part) => {
      for (const [name, gradient] of Object.entries(part))
        sum[name] = sum[name] === undefined ? gradient : tf.add(sum[name], gradient);
      return sum;
    }, {});
  });
}

/** Row of each sequence's first token. */
function clsIndices(segments: readonly Segment[]): Int32Array {
  const indices = segments.flatMap(({ firstRow, sequences, tokens }) =>
    Array.from({ length: sequences }, (_, i) => firstRow + i * tokens),
  );
  return Int32Array.from(indices);
}

/** The first token of every sequence. @param x shape [rows, C] @returns shape [S, C] */
const clsRows = (x: tf.Tensor2D, segments: readonly Segment[]): tf.Tensor2D =>
  tf.gather(x, tf.tensor1d(clsIndices(segments), 'int32'));

/** The other way round: CLS rows among zeros. @param ofCls shape [S, C] @returns shape [rows, C] */
function amongZeros(ofCls: tf.Tensor2D, segments: readonly Segment[]): tf.Tensor2D {
  const [sequences, channels] = ofCls.shape;
  // All other rows take the one of zeros that is put behind.
  const places = new Int32Array(rowsOf(segments)).fill(sequences);
  for (const [sequence, row] of clsIndices(segments).entries()) places[row] = sequence;
  return tf.gather(tf.concat2d([ofCls, tf.zeros([1, channels])], 0), tf.tensor1d(places, 'int32'));
}

/** A branch on its way into the residual sum, and the norm that reads the sum next. */
function branch(
  x: tf.Tensor2D,
  parameters: LinearParameters,
  residual: tf.Tensor2D,
  scale: tf.Tensor2D | undefined,
  norm: LayerNormParameters,
  { layers, architecture: { layerNormEps } }: BlockRun,
): NormedSum {
  if (scale === undefined) return layers.linearResidualNorm(x, parameters, residual, norm, layerNormEps);
  const sum = tf.add<tf.Tensor2D>(residual, tf.mul(layers.linear(x, parameters), scale));
  return { sum, normed: layers.layerNorm(sum, norm, layerNormEps) };
}

/** What goes into a block, shape [rows, C], and that after the block's first norm, where the block before has made it. */
export interface BlockInput {
  readonly x: tf.Tensor2D;
  readonly normed: tf.Tensor2D | null;
}

/** What comes out of a block, and that after the next norm. A type and not an interface, so that tidy finds the tensors. */
type BlockOutput = { x: tf.Tensor2D; normed: tf.Tensor2D };

/** What a block computes on its way to its result, as its gradients need it. A type and not an interface, so that tidy finds the tensors. */
export type BlockInside = {
  normed1: tf.Tensor2D;
  qkv: tf.Tensor2D;
  mixed: tf.Tensor2D;
  attended: tf.Tensor2D;
  normed2: tf.Tensor2D;
  /** Before GELU and after it. */
  hidden: tf.Tensor2D;
  active: tf.Tensor2D;
};

/** @param rows tokens of all sequences */
export function insideBytesOf(architecture: VitArchitecture, rows: number): number {
  return 4 * rows * (7 * architecture.embedDim + 2 * mlpHiddenDim(architecture));
}

/** A block, and how it is run. */
export interface BlockRun {
  readonly block: BlockParameters;
  /** The next block's first norm; after the last block the network's. */
  readonly nextNorm: LayerNormParameters;
  readonly architecture: VitArchitecture;
  readonly segments: readonly Segment[];
  readonly layers: StepLayers;
  readonly drop: BlockDrop;
  /** Of the last block's result nothing but CLS is read: from its attention on, a row a sequence is all that is computed. */
  readonly isLast: boolean;
}

/** The rows that go on after a block's attention. */
const goingOn = (x: tf.Tensor2D, { isLast, segments }: BlockRun): tf.Tensor2D =>
  isLast ? clsRows(x, segments) : x;

/** Drop path's factors of those rows. */
const dropOf = (run: BlockRun): BlockDrop =>
  run.drop === null ? null : [goingOn(run.drop[0], run), goingOn(run.drop[1], run)];

/** The first of a block's two branches. */
function attendBranch(
  { x, normed }: BlockInput,
  run: BlockRun,
): Pick<BlockInside, 'normed1' | 'qkv' | 'mixed' | 'attended' | 'normed2'> {
  const { block, architecture, segments, layers } = run;
  // A clone: the input's own is disposed by its owner.
  const normed1 =
    normed === null ? layers.layerNorm(x, block.norm1, architecture.layerNormEps) : tf.clone(normed);
  const qkv = layers.linear(normed1, block.qkv);
  const mixed = goingOn(layers.attention(qkv, segments, architecture.numHeads), run);
  const residual = goingOn(x, run);
  const attended = branch(mixed, block.projection, residual, dropOf(run)?.[0], block.norm2, run);
  return { normed1, qkv, mixed, attended: attended.sum, normed2: attended.normed };
}

const mlpBranch = (active: tf.Tensor2D, attended: tf.Tensor2D, run: BlockRun): BlockOutput => {
  const { sum, normed } = branch(active, run.block.fc2, attended, dropOf(run)?.[1], run.nextNorm, run);
  return { x: sum, normed };
};

/** @returns what goes into the next block, shape [rows, C], or [S, C] of the last block; caller disposes */
export const runBlock = (input: BlockInput, run: BlockRun): BlockOutput =>
  tf.tidy(() => {
    const { attended, normed2 } = attendBranch(input, run);
    return mlpBranch(run.layers.linearGelu(normed2, run.block.fc1), attended, run);
  });

/** What `blockGradients` needs. @returns tensors that the caller disposes */
export const computeInside = (input: BlockInput, run: BlockRun): BlockInside =>
  tf.tidy(() => {
    const first = attendBranch(input, run);
    return { ...first, ...run.layers.linearAndGelu(first.normed2, run.block.fc1) };
  });

/** The rest of the way. @returns as `runBlock` */
export const finishBlock = ({ active, attended }: BlockInside, run: BlockRun): BlockOutput =>
  tf.tidy(() => mlpBranch(active, attended, run));

/** Fills in a linear layer's gradients. @param x what went in @returns the gradient of x */
export function linearGradients(
  x: tf.Tensor2D,
  { weight, bias }: LinearParameters,
  above: tf.Tensor2D,
  layers: StepLayers,
  name: string,
  gradients: Gradients,
): tf.Tensor2D {
  if (bias === null) gradients[`${name}.weight`] = layers.product(x, above, 'a');
  else {
    const found = layers.weightGradients(x, above);
    gradients[`${name}.weight`] = found.weight;
    gradients[`${name}.bias`] = found.bias;
  }
  return layers.product(above, weight, 'b');
}

/**
 * @param x what went into the block @param inside of `computeInside` @param above gradient of what came out
 * @returns the gradient of x, and those of the block's parameters; caller disposes
 */
export function blockGradients(
  x: tf.Tensor2D,
  { normed1, qkv, mixed, attended, normed2, hidden, active }: BlockInside,
  run: BlockRun,
  above: tf.Tensor2D,
  name: string,
): { x: tf.Tensor2D; gradients: Gradients } {
  return tf.tidy(() => {
    const { block, architecture, segments, layers, isLast } = run;
    const { numHeads, layerNormEps } = architecture;
    const drop = dropOf(run);
    const gradients: Gradients = {};
    const linearOf = (
      input: tf.Tensor2D,
      parameters: LinearParameters,
      from: tf.Tensor2D,
      layer: string,
    ): tf.Tensor2D => linearGradients(input, parameters, from, layers, `${name}.${layer}`, gradients);
    const dropped = (from: tf.Tensor2D, scale: tf.Tensor2D | undefined): tf.Tensor2D =>
      scale === undefined ? from : tf.mul(from, scale);
    const ofAllRows = (from: tf.Tensor2D): tf.Tensor2D => (isLast ? amongZeros(from, segments) : from);

    const ofActive = linearOf(active, block.fc2, dropped(above, drop?.[1]), 'mlp.fc2');
    const ofNormed2 = linearOf(normed2, block.fc1, layers.geluGradient(hidden, ofActive), 'mlp.fc1');
    const norm2 = layers.layerNormGradients(attended, block.norm2, layerNormEps, ofNormed2, above);
    const ofMixed = linearOf(mixed, block.projection, dropped(norm2.x, drop?.[0]), 'attn.proj');
    const ofQkv = layers.attentionGradient(qkv, segments, numHeads, ofAllRows(ofMixed));
    const ofNormed1 = linearOf(normed1, block.qkv, ofQkv, 'attn.qkv');
    const norm1 = layers.layerNormGradients(x, block.norm1, layerNormEps, ofNormed1, ofAllRows(norm2.x));
    gradients[`${name}.norm1.weight`] = norm1.gain;
    gradients[`${name}.norm1.bias`] = norm1.bias;
    gradients[`${name}.norm2.weight`] = norm2.gain;
    gradients[`${name}.norm2.bias`] = norm2.bias;
    return { x: norm1.x, gradients };
  });
}
