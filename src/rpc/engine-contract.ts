/**
 * The engine worker's contract: one entry a method, request → progress → result. Types only; `rpc/messages` says how calls
 * travel. A result's large arrays and bitmaps are transferred; progress is cloned. Tensors never leave the worker.
 */
import type { VitArchitecture } from '../core/architecture.ts';
import type { BackendChoice, BackendDescription } from '../core/backend.ts';
import type { FoundMask } from '../core/found-mask.ts';
import type { BackendName } from '../core/failure.ts';
import type { CheckpointHints, ModelDescription } from '../core/model.ts';
import type { ModelProgress, LookProgress, StartProgress } from '../core/progress.ts';
import type { Size } from '../core/geometry.ts';
import type { FramingOptions, PhotoNotice, PixelAccuracy } from '../core/photo.ts';
import type { LensId } from '../lenses/contracts.ts';
import type { LookAnswer } from '../lenses/lens-contract.ts';
import type { ClassifyContract } from './classify-contract.ts';
import type { MaskContract } from './mask-contract.ts';
import type { RecogniseContract } from './recognise-contract.ts';
import type { TrainingContract } from './training-contract.ts';

/** Where a model is, in a form that can be posted to the worker. Files are posted, not their bytes. */
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
      /** The expected SHA-256 of all bytes in this order, where it is known. */
      readonly sha256: string | null;
      readonly hints: CheckpointHints;
    }
  /** The same network with random weights, as before training. */
  | { readonly kind: 'random'; readonly of: ModelReference | NetworkOfSizes; readonly seed: number };

/** A network whose file is not needed. */
interface NetworkOfSizes {
  readonly kind: 'sizes';
  readonly id: string;
  readonly title: string;
  readonly architecture: VitArchitecture;
}

/** A model and the key by which looks name it. */
export interface KeyedModel {
  readonly key: string;
  readonly reference: ModelReference;
}

/** A photograph, or a frame of a film or of a camera. */
export interface PhotoSource {
  /** The same id for the same pixels. */
  readonly id: string;
  readonly photo: Blob;
}

export interface LookRequest {
  readonly lens: LensId;
  /** The lens's own. */
  readonly params: object;
  readonly sources: readonly PhotoSource[];
  /** One that is no longer on the device is loaded again first. */
  readonly models: readonly KeyedModel[];
  readonly framing: FramingOptions;
  /** Decoded while this one runs; null where nothing waits. */
  readonly upNext: PhotoSource | null;
}

export interface EngineContract extends TrainingContract, MaskContract, RecogniseContract, ClassifyContract {
  /** Chooses a back end, loads the model, checks both. Must be the first call. */
  start: {
    request: {
      readonly model: KeyedModel;
      readonly backend: BackendChoice;
      /** Back ends that hung at an earlier start; they are not opened. */
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
   * Loads another model beside those on the device: checked, uploaded, and it has computed. Until then, and where it fails, nothing
   * changes. From then on training begins with it.
   */
  useModel: {
    request: { readonly model: KeyedModel };
    progress: ModelProgress;
    result: { readonly model: ModelDescription };
  };
  /** As `useModel`, but the model in use stays in use: for comparisons. */
  addModel: {
    request: { readonly model: KeyedModel };
    progress: ModelProgress;
    result: { readonly model: ModelDescription };
  };
  /**
   * A lens's result for photographs, or a result for each of them: at once where the passes are kept and have the taps, otherwise after a pass.
   * Calls run one after the other in the order they came.
   */
  look: {
    request: LookRequest;
    progress: LookProgress | ModelProgress;
    result: LookAnswer<unknown>;
  };
  /** Frees what is kept of photographs that were removed. After the looks that came before it. */
  forget: {
    request: { readonly photos: readonly string[] };
    progress: never;
    result: Readonly<Record<string, never>>;
  };
  /** The upright photograph for the screen, its long side at most `maxSidePx`; never enlarged. Caller closes the bitmap. */
  decode: {
    request: PhotoSource & { readonly maxSidePx: number };
    progress: never;
    result: {
      readonly bitmap: ImageBitmap;
      readonly photoSizePx: Size;
      readonly notices: readonly PhotoNotice[];
    };
  };
  /**
   * PNG of the upright photograph's size: the masks together, 0 and 255, or what they cut out, transparent elsewhere.
   * At least one mask.
   */
  saveMasks: {
    request: PhotoSource & { readonly as: 'mask' | 'cut-out'; readonly masks: readonly FoundMask[] };
    progress: never;
    result: { readonly png: Blob };
  };
}
