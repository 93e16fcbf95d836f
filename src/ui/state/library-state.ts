/** What the list of models shows: what is kept, what is coming, what was dropped. */
import type { Failure } from '../../core/failure.ts';
import type { NotKept } from '../../core/not-kept.ts';
import type { CheckpointHints } from '../../core/model.ts';
import type { PartialModel, StoredModel, TransferProgress } from '../../rpc/library-contract.ts';

/** A model that lies beside the page, as models/models.json lists it. */
export interface ServedModel {
  readonly id: string;
  readonly title: string;
  readonly byteLength: number | null;
}

/** Files that somebody gave the page in this visit. */
export interface DroppedModel {
  readonly id: string;
  readonly title: string;
  readonly kind: 'checkpoint' | 'tfjs';
  /** One for a checkpoint; model.json and its shards by their names. */
  readonly files: ReadonlyMap<string, Blob>;
  readonly hints: CheckpointHints;
  /** The networks in the file, the one that was taken first; known once it has been read. */
  readonly networks: readonly string[];
  /** It has been tried, and this must be said of it. */
  readonly lacks: 'heads' | 'grid' | null;
}

export type Transfer =
  | { readonly status: 'running'; readonly progress: TransferProgress | null }
  | { readonly status: 'failed'; readonly failure: Failure };

export interface LibraryState {
  /** Nothing is known of what is kept before the first look. */
  readonly status: 'unread' | 'read' | 'failed';
  /** Why what is kept could not be looked up. */
  readonly failure: Failure | null;
  readonly served: readonly ServedModel[];
  readonly stored: readonly StoredModel[];
  readonly partial: readonly PartialModel[];
  readonly dropped: readonly DroppedModel[];
  /** Downloads, and copies into the browser, by the model's id. */
  readonly transfers: Readonly<Record<string, Transfer>>;
  /** Why models last only as long as the visit; null where they are kept. */
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
