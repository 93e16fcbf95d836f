/**
 * Recognition, as the page asks the engine's worker for it. Types only. A collection holds what is kept of many photographs: a small
 * picture and the pooled features of each, never its pixels. Photographs are looked at between any two of a collection's.
 *
 * Items count from 0 in the order they came. N is their number, failed ones among them; arrays with N rows have one for each item, and
 * a failed item has no neighbours, no vote and the place [NaN, NaN].
 */
import type { Failure } from '../core/failure.ts';
import type { ModelProgress } from '../core/progress.ts';
import type { NotKept } from '../core/not-kept.ts';
import type { PhotographName } from '../core/photograph-name.ts';
import type {
  FeatureKind,
  FeatureSettings,
  FeatureSource,
  Neighbours,
  PooledFeatures,
} from '../core/recognition.ts';
import type { KeyedModel } from './engine-contract.ts';

/** All that is known of a collection without its items. */
export interface StoredCollection extends FeatureSource {
  readonly id: string;
  readonly title: string;
  readonly settings: FeatureSettings;
  /** ISO 8601. */
  readonly savedAt: string;
  readonly byteLength: number;
  /** Failed ones among them. */
  readonly items: number;
  readonly failed: number;
  /** Of the items that have a class and did not fail, in the order of the alphabet. */
  readonly classNames: readonly string[];
}

/** Kept by another version of this page, or damaged: nobody deletes it but the person. */
export interface UnreadableCollection {
  readonly id: string;
  /** Where that much can be read. */
  readonly title: string | null;
}

export interface CollectionList {
  /** The latest first. */
  readonly collections: readonly StoredCollection[];
  readonly unreadable: readonly UnreadableCollection[];
  /** Why the browser keeps no files: a collection lasts as long as the visit then. Null where it keeps them. */
  readonly notKept: NotKept | null;
}

export interface CollectionItem extends PhotographName {
  readonly index: number;
  readonly name: string;
  readonly className: string | null;
  readonly failure: Failure | null;
}

/** All that was kept of an item: it can be put back without its file. */
export interface RemovedItem {
  readonly name: PhotographName;
  readonly className: string | null;
  readonly content:
    | { readonly features: PooledFeatures; readonly thumbnail: Uint8Array<ArrayBuffer> | null }
    | { readonly failure: Failure };
}

/** A photograph that is to be gathered. It is known again by path, size and the time of its last change. */
export interface GatheredPhotograph {
  readonly path: string;
  /** The class that it begins with. Of one that is known already, the class that the person gave it stays. */
  readonly className: string | null;
  /** A `File`, where it has a time of last change. */
  readonly blob: Blob;
  /** The photograph that this may be the mask of, by its name. Where its pixels say so too, it fails as 'mask-of-photograph'. */
  readonly mayBeMaskOf?: { readonly name: string; readonly blob: Blob };
}

/** Where the worker's time went, in ms. Decoding goes on beside the network: `decode` is what was waited for. */
export interface GatherTimes {
  readonly decodeMs: number;
  readonly featuresMs: number;
  readonly thumbnailMs: number;
  readonly storeMs: number;
}

export type GatherProgress =
  /** First of all: where it is kept, so that it can be asked for again when the engine is lost. */
  | { readonly stage: 'begun'; readonly collection: StoredCollection }
  | { readonly stage: 'model'; readonly progress: ModelProgress }
  | {
      readonly stage: 'photographs';
      /** Known and failed ones among them. */
      readonly done: number;
      readonly total: number;
      /** Those that were kept already. */
      readonly known: number;
      readonly failed: number;
      /** Over the last seconds; null until there is something to measure. */
      readonly perSecond: number | null;
      /** Since the last progress. One that failed before and is tried again has its old index. */
      readonly added: readonly { readonly item: CollectionItem; readonly thumbnail: Blob | null }[];
    };

/** What a linear probe says of a collection's items. */
export interface ProbePredictions {
  readonly classNames: readonly string[];
  /** [N], -1 where there is nothing to predict from. */
  readonly predictions: Int32Array<ArrayBuffer>;
  /** [N, K] of probabilities, 0 where there is nothing to predict from. */
  readonly shares: Float32Array<ArrayBuffer>;
}

export interface RecogniseContract {
  listCollections: { request: Record<string, never>; progress: never; result: CollectionList };
  /**
   * Takes photographs in one after another and keeps each at once. A file that cannot be used becomes an item with a failure, and the rest goes on.
   * An abort keeps what is done: `how` is 'cancelled' then. A full disk and a fault of the device are failures, and what was kept stays.
   * After a lost engine the page asks again, with the same photographs and the id that 'begun' told: those that are kept are not read again.
   */
  gatherFeatures: {
    request: {
      readonly into:
        | { readonly kind: 'new'; readonly title: string; readonly settings: FeatureSettings }
        | { readonly kind: 'kept'; readonly id: string };
      /** Of a kept collection the network that it was begun with (`isSameSource`); another one fails as 'collection-other-model'. */
      readonly model: KeyedModel;
      readonly photographs: readonly GatheredPhotograph[];
      /**
       * The first photograph for which there is not enough memory fails the call as 'out-of-memory', and the engine is replaced, which may have the room.
       * True: it is kept with that failure before, one that was kept so is not tried again, and none is read ahead.
       */
      readonly leavesOutTooLarge: boolean;
    };
    progress: GatherProgress;
    result: {
      readonly how: 'finished' | 'cancelled';
      readonly collection: StoredCollection;
      readonly spent: GatherTimes;
    };
  };
  openCollection: {
    request: { readonly id: string };
    progress: never;
    result: {
      readonly collection: StoredCollection;
      readonly items: readonly CollectionItem[];
      /** JPEGs of at most 96 px, one after the other. An item without one ends where the item before it ends. */
      readonly thumbnails: Blob;
      /** [N], in bytes. */
      readonly thumbnailEnds: Uint32Array<ArrayBuffer>;
    };
  };
  /** Kept at once. 'collection-changed' where another window has removed items since this one read them. */
  setClasses: {
    request: {
      readonly id: string;
      readonly changes: readonly { readonly index: number; readonly className: string | null }[];
    };
    progress: never;
    result: { readonly collection: StoredCollection };
  };
  /** Nothing stays of them in the browser's files, small pictures least of all. The others keep their order and are counted anew. Fails as `setClasses`. */
  removeItems: {
    request: { readonly id: string; readonly indices: readonly number[] };
    progress: never;
    result: { readonly collection: StoredCollection; readonly removed: readonly RemovedItem[] };
  };
  /** They come last. Those that have come again meanwhile are left as they are. */
  putBack: {
    request: { readonly id: string; readonly removed: readonly RemovedItem[] };
    progress: never;
    result: { readonly collection: StoredCollection };
  };
  renameCollection: {
    request: { readonly id: string; readonly title: string };
    progress: never;
    result: { readonly collection: StoredCollection };
  };
  removeCollection: { request: { readonly id: string }; progress: never; result: CollectionList };
  /**
   * Every item is asked, itself left out; those with a class answer. This and all questions below fail as 'collection-changed' where another
   * window has changed anything since this one read the collection.
   */
  vote: {
    request: { readonly id: string; readonly feature: FeatureKind; readonly k: number };
    progress: { readonly share: number };
    result: {
      readonly classNames: readonly string[];
      /** [N], index into `classNames`; -1 where nobody answers. */
      readonly predictions: Int32Array<ArrayBuffer>;
      /** [N, K], of the votes. */
      readonly shares: Float32Array<ArrayBuffer>;
      readonly neighbours: Neighbours;
      /** Of the items that have a class and an answer; null where there are none, or fewer than two classes. */
      readonly accuracy: number | null;
      /** [K, K], row: its class, column: what was voted. */
      readonly confusion: Uint32Array<ArrayBuffer>;
      readonly elapsedMs: number;
    };
  };
  /** Of the items with a class, `heldOutShare` are left out of the training, and both accuracies are theirs. */
  trainProbe: {
    request: {
      readonly id: string;
      readonly feature: FeatureKind;
      readonly heldOutShare: number;
      readonly seed: number;
      /** Of the votes whose accuracy is told beside the probe's. */
      readonly k: number;
    };
    progress: { readonly share: number; readonly loss: number };
    result: ProbePredictions & {
      readonly accuracy: number | null;
      /** k-NN's on the same held-out photographs. */
      readonly knnAccuracy: number | null;
      readonly heldOut: number;
      readonly weightDecay: number;
      readonly losses: readonly number[];
      /** safetensors: linear.weight [K, D] and linear.bias [K], see `recognise/probe-file`. */
      readonly file: Blob;
    };
  };
  /** What a saved linear probe says of the collection. Fails as 'probe-invalid' where it is of other features. */
  openProbe: {
    request: { readonly id: string; readonly file: Blob };
    progress: never;
    result: ProbePredictions & { readonly feature: FeatureKind };
  };
  lookAlikes: {
    request: {
      readonly id: string;
      readonly feature: FeatureKind;
      /** Whose nearest others are asked; null asks only for the groups. */
      readonly of: number | null;
      readonly count: number;
    };
    progress: { readonly share: number };
    result: {
      readonly nearest: {
        readonly items: Int32Array<ArrayBuffer>;
        readonly cosines: Float32Array<ArrayBuffer>;
      } | null;
      /** Near-duplicates, the largest group first. */
      readonly groups: readonly (readonly number[])[];
      /** The cosine from which two photographs count as near-duplicates. */
      readonly threshold: number;
    };
  };
  layOut: {
    request: {
      readonly id: string;
      readonly feature: FeatureKind;
      readonly method: 'pca' | 'umap';
      readonly seed: number;
    };
    progress: { readonly share: number };
    /** [N, 2], each axis within −1 … 1. */
    result: { readonly places: Float32Array<ArrayBuffer> };
  };
}
