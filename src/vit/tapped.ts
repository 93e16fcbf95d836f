/**
 * What a pass has kept on the device. `read-attention`, `head-statistics` and `roll-out` compute from it, without
 * another pass.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { BlockLayers } from './block-layers.ts';
import type { BlockParameters, VitParameters } from './parameters.ts';
import { facetOf, tensorsOf, type KeptBlock } from './run-block.ts';
import { blocksOf, keptFacet, queriesOf, type Facet, type Tap } from './taps.ts';

export interface TappedFields {
  /** Borrowed. */
  readonly parameters: VitParameters;
  readonly rows: number;
  readonly columns: number;
  /** T: special tokens, then rows × columns patches. */
  readonly tokens: number;
  /** When the pass began, by `performance.now()`. */
  readonly startedAt: number;
  /** Owned from now on. Blocks after the last one that a tap wants are missing. */
  readonly blocks: readonly KeptBlock[];
  readonly layers: BlockLayers;
  readonly faults: FaultWatch;
  /** No more is read back at once, or one row. */
  readonly maxScoresBytes: number;
}

const keptNothing: KeptBlock = { parts: {}, queries: [], attention: null };

const covers = (all: readonly number[], some: readonly number[]): boolean => {
  const set = new Set(all);
  return some.every((each) => set.has(each));
};

export class Tapped {
  readonly parameters: VitParameters;
  readonly rows: number;
  readonly columns: number;
  readonly tokens: number;
  readonly startedAt: number;
  readonly layers: BlockLayers;
  readonly faults: FaultWatch;
  readonly maxScoresBytes: number;
  private readonly blocks: readonly KeptBlock[];

  constructor(fields: TappedFields) {
    this.parameters = fields.parameters;
    this.rows = fields.rows;
    this.columns = fields.columns;
    this.tokens = fields.tokens;
    this.startedAt = fields.startedAt;
    this.layers = fields.layers;
    this.faults = fields.faults;
    this.maxScoresBytes = fields.maxScoresBytes;
    this.blocks = fields.blocks;
  }

  /** On the device. */
  get byteLength(): number {
    const floats = this.blocks.flatMap(tensorsOf).reduce((sum, { size }) => sum + size, 0);
    return floats * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Whether it holds what these taps want, so that no pass has to run. */
  answers(taps: readonly Tap[]): boolean {
    const { architecture } = this.parameters;
    return taps.every((tap) => {
      if (tap.of === 'tokens') return this.canTell(tap.block, tap.facet);
      const { queries } = tap;
      const asked = queries === 'all' ? null : queriesOf(queries, architecture, this.tokens);
      const hasRows = (block: number): boolean => asked !== null && covers(this.keptOf(block).queries, asked);
      return blocksOf(tap.blocks, architecture.depth).every(
        (block) => hasRows(block) || (this.canTell(block, 'query') && this.canTell(block, 'key')),
      );
    });
  }

  /**
   * Query, key, value or output of a block's tokens, on the device.
   * @returns shape [T, C]; the caller disposes
   */
  facet(block: number, facet: Facet): tf.Tensor2D {
    const { architecture, blocks } = this.parameters;
    const { parts } = this.keptOf(block);
    const name = keptFacet(facet, block, architecture.depth);
    const part = parts[name];
    if (part !== undefined) return tf.clone(part);
    const { normed } = parts;
    if (normed === undefined || name === 'out' || name === 'residual')
      throw new Error(`${facet} of block ${block} was not kept: no tap asked for it`);
    return tf.tidy(() => facetOf(normed, blocks[block] as BlockParameters, architecture, this.layers, name));
  }

  /** Borrowed. Nothing where no tap wanted the block. */
  keptOf(block: number): KeptBlock {
    return this.blocks[block] ?? keptNothing;
  }

  dispose(): void {
    tf.dispose(this.blocks.flatMap(tensorsOf));
  }

  private canTell(block: number, facet: Facet): boolean {
    const { parts } = this.keptOf(block);
    const name = keptFacet(facet, block, this.parameters.architecture.depth);
    const isOutput = name === 'out' || name === 'residual';
    return parts[name] !== undefined || (!isOutput && parts.normed !== undefined);
  }
}
