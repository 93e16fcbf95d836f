/** One photograph's way through one network, with what was kept of it on the device. */
import type { Frame, PassFacts } from '../core/frame.ts';
import type { ModelDescription } from '../core/model.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { readAttention, readTokens, type AttentionRows } from '../vit/read-attention.ts';
import type { Tapped } from '../vit/tapped.ts';
import type { Facet, Tap, TokenIndex } from '../vit/taps.ts';
import type { Budgeted } from './byte-budget.ts';
import type { DeviceModel } from './device-model.ts';

interface PassFields {
  /** The photograph's id. */
  readonly photo: string;
  readonly model: DeviceModel;
  /** Owned from now on. */
  readonly tapped: Tapped;
  /** What was tapped. */
  readonly taps: readonly Tap[];
  readonly frame: Frame;
  readonly notices: readonly PhotoNotice[];
  readonly decodeMs: number;
  readonly prepareMs: number;
}

export class Pass implements Budgeted {
  /** Borrowed: do not dispose it. */
  readonly tapped: Tapped;
  readonly taps: readonly Tap[];
  private readonly fields: PassFields;
  private forwardMs: number | null = null;

  constructor(fields: PassFields) {
    this.tapped = fields.tapped;
    this.taps = fields.taps;
    this.fields = fields;
  }

  get deviceModel(): DeviceModel {
    return this.fields.model;
  }

  get photo(): string {
    return this.fields.photo;
  }

  get model(): ModelDescription {
    return this.fields.model.description;
  }

  get frame(): Frame {
    return this.fields.frame;
  }

  get byteLength(): number {
    return this.tapped.byteLength;
  }

  /** Complete once something has been read back. */
  get facts(): PassFacts {
    const { frame, notices, decodeMs, prepareMs } = this.fields;
    const { tokens } = this.tapped;
    return { frame, tokens, notices, timings: { decodeMs, prepareMs, forwardMs: this.forwardMs ?? 0 } };
  }

  /**
   * Attention rows of any block for any tokens that were tapped, see vit/read-attention.
   * @throws FailureError on a fault of the device, or where a row does not sum to 1
   */
  async readAttention(
    blocks: 'all' | readonly number[],
    queries: 'special' | readonly TokenIndex[],
  ): Promise<AttentionRows> {
    const rows = await readAttention(this.tapped, blocks, queries);
    this.noteRead(rows.readAt);
    return rows;
  }

  /**
   * Query, key, value or output of a block's tokens that was tapped.
   * @param block from 0
   * @returns shape [T, C]: CLS, registers, then the patches row by row
   * @throws FailureError on a fault of the device, or where a value is not finite
   */
  async readTokens(block: number, facet: Facet): Promise<Float32Array<ArrayBuffer>> {
    const tokens = await readTokens(this.tapped, block, facet);
    this.noteRead(performance.now());
    return tokens;
  }

  /**
   * Notes how long the pass took, when the first values have been read back. Code that reads without `readAttention`
   * calls it.
   */
  noteRead(readAt: number): void {
    if (this.forwardMs !== null) return;
    this.forwardMs = readAt - this.tapped.startedAt;
    this.fields.model.noteSpeed(this.tapped.tokens, this.forwardMs);
  }

  dispose(): void {
    this.tapped.dispose();
  }
}
