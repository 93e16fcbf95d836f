/** The state of the list of models: kept models, transfers, and dropped models. */
import type { Failure } from '../../core/failure.ts';
import type { NotKept } from '../../core/not-kept.ts';
import type { CheckpointHints } from '../../core/model.ts';
import type { PartialModel, StoredModel, TransferProgress } from '../../rpc/library-contract.ts';

/** A model that is served with the page, as listed in models/models.json. */
export interface ServedModel {
  readonly id: string;
  readonly title: string;
  readonly byteLength: number | null;
}

/** A model from files that were dropped in this visit. */
export interface DroppedModel {
  readonly id: string;
  readonly title: string;
  readonly kind: 'checkpoint' | 'tfjs';
  /** By file name: one file for a checkpoint, or model.json and its shards. */
  readonly files: ReadonlyMap<string, Blob>;
  readonly hints: CheckpointHints;
  /** The networks in the file, the chosen one first; known once the file has been read. */
  readonly networks: readonly string[];
  /** What a person must state, known after the file was tried; null if nothing. */
  readonly lacks: 'heads' | 'grid' | null;
}

export type Transfer =
  | { readonly status: 'running'; readonly progress: TransferProgress | null }
  | { readonly status: 'failed'; readonly failure: Failure };

export interface LibraryState {
  /** 'unread' until the list of kept models was first read. */
  readonly status: 'unread' | 'read' | 'failed';
  /** Why the list of kept models could not be read. */
  readonly failure: Failure | null;
  readonly served: readonly ServedModel[];
  readonly stored: readonly StoredModel[];
  readonly partial: readonly PartialModel[];
  readonly dropped: readonly DroppedModel[];
  /** Downloads, and copies into the browser, by the model's id. */
  readonly transfers: Readonly<Record<string, Transfer>>;
  /** Why models are kept only for this visit; null if they are stored. */
  readonly notKept: NotKept | null;
  readonly freeBytes: number | null;
}

export const emptyLibrary: LibraryState = {
  status: 'unread',
  failure: null,
  served: [],
  stored: [],
  partial: [],
  dropped: [],
  transfers: {},
  notKept: null,
  freeBytes: null,
};

export const bytesOf = (files: Iterable<{ readonly byteLength: number }>): number =>
  [...files].reduce((sum, { byteLength }) => sum + byteLength, 0);
