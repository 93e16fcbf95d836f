/**
 * The contract of the worker that downloads models and keeps them in the browser. Types only. It is a worker of its
 * own, so a lost engine does not end a download.
 */
import type { CheckpointHints } from '../core/model.ts';
import type { NotKept } from '../core/not-kept.ts';

/** A model that is kept in this browser, complete and verified. */
export interface StoredModel {
  readonly id: string;
  readonly title: string;
  readonly kind: 'checkpoint' | 'tfjs';
  readonly files: readonly { readonly name: string; readonly byteLength: number }[];
  /** Of a checkpoint's file, lower-case hexadecimal; tfjs models have a hash for each shard in model.json. */
  readonly sha256: string | null;
  /** Where it came from; null for a file of the person's own. */
  readonly source: string | null;
  /** ISO 8601. */
  readonly storedAt: string;
  readonly hints: CheckpointHints;
}

/** A download that is not complete. */
export interface PartialModel {
  readonly id: string;
  readonly keptBytes: number;
  readonly totalBytes: number | null;
}

export interface LibraryContents {
  readonly stored: readonly StoredModel[];
  readonly partial: readonly PartialModel[];
  /** Why the browser keeps no files: models last as long as the visit then. Null where it keeps them. */
  readonly notKept: NotKept | null;
  /** Bytes that are still free; null where the browser does not say. */
  readonly freeBytes: number | null;
}

export type TransferProgress =
  | { readonly stage: 'connect'; readonly host: string }
  | {
      readonly stage: 'transfer';
      /** null: from the person's own disk. */
      readonly host: string | null;
      readonly loadedBytes: number;
      readonly totalBytes: number | null;
      /** Over the last seconds; null until there is something to measure. */
      readonly bytesPerSecond: number | null;
    };

export interface LibraryContract {
  list: { request: Record<string, never>; progress: never; result: LibraryContents };
  /** A model of the catalogue, from where an earlier download broke off if there was one. */
  download: { request: { readonly id: string }; progress: TransferProgress; result: StoredModel };
  /** Copies files of the person's own into the browser. */
  keep: {
    request: Pick<StoredModel, 'id' | 'title' | 'kind' | 'hints'> & {
      readonly files: ReadonlyMap<string, Blob>;
    };
    progress: TransferProgress;
    result: StoredModel;
  };
  /** The files of a kept model, to be handed to the engine. */
  open: {
    request: { readonly id: string };
    progress: never;
    result: { readonly model: StoredModel; readonly files: ReadonlyMap<string, Blob> };
  };
  /** Deletes a model, complete or not. */
  remove: { request: { readonly id: string }; progress: never; result: LibraryContents };
}
