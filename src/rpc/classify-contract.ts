/** Classes of a photograph by a linear classifier, as the page asks the engine's worker for them. Types only. */
import type { LikelyClass, MadeOf, PublishedHead } from '../core/linear-head.ts';
import type { KeyedModel, PhotoSource } from './engine-contract.ts';

export type ClassifierFile =
  | { readonly kind: 'file'; readonly file: Blob }
  /** Fetched when it is first asked for, checked, and kept by the browser. */
  | { readonly kind: 'published'; readonly head: PublishedHead };

export interface ClassifyContract {
  /** In its turn, by a pass of its own in the framing that the classifier was trained with. */
  classify: {
    request: {
      readonly model: KeyedModel;
      readonly source: PhotoSource;
      /** It fails as 'checkpoint-invalid' where it belongs to another network. */
      readonly classifier: ClassifierFile;
      /** How many classes are told. */
      readonly count: number;
    };
    progress: never;
    result: {
      /** The likeliest first. */
      readonly classes: readonly LikelyClass[];
      readonly classCount: number;
      /** Of a probe of our own; null where it is a published one. */
      readonly madeOf: MadeOf | null;
    };
  };
}
