/**
 * The engine worker's contract: one entry a method, request → progress → result. Types only; `rpc/messages` says how calls
 * travel. A result's large arrays and bitmaps are transferred; progress is cloned. Tensors never leave the worker.
 */
import type { BackendChoice, BackendDescription } from '../core/backend.ts';
import type { BackendName } from '../core/failure.ts';
import type { CheckpointHints, ModelDescription } from '../core/model.ts';
import type { ModelProgress, PassProgress, StartProgress } from '../core/progress.ts';
import type { Frame, PassTimings } from '../core/frame.ts';
import type { PatchPosition, Size } from '../core/geometry.ts';
import type { FramingOptions, PhotoNotice, PixelAccuracy } from '../core/photo.ts';
import type { TrainingContract } from './training-contract.ts';

/** A way to a model that can cross to the worker. Files are handed over, not their bytes: they are read where they lie. */
export type ModelReference =
  | { readonly kind: 'tfjs'; readonly url: string }
  /** model.json and its shards, by their names. */
  | { readonly kind: 'tfjs-files'; readonly files: ReadonlyMap<string, Blob> }
  | {
      readonly kind: 'checkpoint';
      readonly id: string;
      readonly title: string;
      /** One, or the parts of one checkpoint in their order. */
      readonly files: readonly Blob[];
      /** What they must hash to, one after the other, where that is known. */
      readonly sha256: string | null;
      readonly hints: CheckpointHints;
    };

export interface AttentionResult extends Frame, PassTimings {
  readonly numHeads: number;
  /** R, register tokens; 0 for most networks. */
  readonly numRegisters: number;
  /**
   * shape [numHeads, rows, columns]: the last block's softmax(QKᵀ/√d), row CLS, patch columns.
   * Not renormalised: a head sums to 1 less what CLS gives to itself and to the registers.
   */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [R, numHeads, rows, columns]: the same for the row of each register. */
  readonly registerMaps: Float32Array<ArrayBuffer>;
  /** shape [numHeads, 1 + R]: what CLS gives to itself and to each register. */
  readonly specialShares: Float32Array<ArrayBuffer>;
  readonly tokens: number;
  readonly notices: readonly PhotoNotice[];
}

/** What one patch looks at; on the grid of the photograph's own result. */
export interface PatchAttentionResult extends PatchPosition {
  readonly numHeads: number;
  readonly rows: number;
  readonly columns: number;
  /** shape [numHeads, rows, columns]: as an `AttentionResult`'s, of the patch's row. */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [numHeads, 1 + R]: what the patch gives to CLS and to each register. */
  readonly specialShares: Float32Array<ArrayBuffer>;
  /** From the first op to the values read back and checked; the pass before is not in it. */
  readonly lookMs: number;
}

export interface EngineContract extends TrainingContract {
  /** Chooses a back end, loads the model, checks both. Must be the first call. */
  start: {
    request: {
      readonly model: ModelReference;
      readonly backend: BackendChoice;
      /** Back ends that an earlier start has waited for in vain: they are not opened. */
      readonly silent: readonly BackendName[];
    };
    progress: StartProgress;
    result: {
      readonly backend: BackendDescription;
      readonly model: ModelDescription;
      readonly pixels: PixelAccuracy;
    };
  };
  /**
   * Loads another model beside the one in use, and takes it when it has been checked, uploaded, and has computed. Until then,
   * and where it fails, the old one answers. Attends that were asked for afterwards are the new model's.
   */
  useModel: {
    request: { readonly model: ModelReference };
    progress: ModelProgress;
    result: { readonly model: ModelDescription };
  };
  /** A photograph's attention maps. Calls run one after the other in the order they came. */
  attend: {
    request: {
      /** The same each time that this photograph is asked for. */
      readonly id: string;
      readonly photo: Blob;
      readonly framing: FramingOptions;
      /** Decoded while this one runs; null where nothing waits. */
      readonly upNext: { readonly id: string; readonly photo: Blob } | null;
    };
    progress: PassProgress;
    result: AttentionResult;
  };
  /**
   * What one patch of a photograph looks at. At once where the photograph is among those that were attended last; where it is not, its
   * pass runs again first, with progress. Has its turn among the attends, in the order they came.
   */
  attendPatch: {
    request: {
      readonly id: string;
      readonly photo: Blob;
      readonly framing: FramingOptions;
      readonly patch: PatchPosition;
    };
    progress: PassProgress;
    result: PatchAttentionResult;
  };
  /** The upright photograph for the screen, its long side at most `maxSidePx`; never enlarged. Caller closes the bitmap. */
  decode: {
    request: { readonly photo: Blob; readonly maxSidePx: number };
    progress: never;
    result: {
      readonly bitmap: ImageBitmap;
      readonly photoSizePx: Size;
      readonly notices: readonly PhotoNotice[];
    };
  };
}
