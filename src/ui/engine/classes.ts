/** Classes of photographs by a linear classifier: which one belongs to which model, and what it told. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Failure } from '../../core/failure.ts';
import type { ClassifierFile, ClassifyContract } from '../../rpc/classify-contract.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { PhotoId } from '../state/photo.ts';

/** So many are told of a photograph. */
const toldClasses = 5;

export interface ChosenClassifier {
  /** A file's, or the catalogue's title. */
  readonly name: string;
  readonly file: ClassifierFile;
}

export type ClassesAnswer =
  | { readonly status: 'asking' }
  | ({ readonly status: 'told' } & ClassifyContract['classify']['result'])
  | { readonly status: 'failed'; readonly failure: Failure };

interface ClassesState {
  /** By the model's key. */
  readonly classifiers: Readonly<Record<string, ChosenClassifier>>;
  /** By the model's key, and the photograph. */
  readonly answers: Readonly<Record<string, Readonly<Record<PhotoId, ClassesAnswer>>>>;
}

export interface Classes {
  readonly store: StoreApi<ClassesState>;
  /** For this model; what another one told is forgotten. */
  choose(modelKey: string, classifier: ChosenClassifier): void;
  /** By the model in use, where it has a classifier. What was told or is being asked stays. */
  ask(id: PhotoId): Promise<void>;
}

export function createClasses(client: EngineClient, app: AppStore): Classes {
  const store = createStore<ClassesState>(() => ({ classifiers: {}, answers: {} }));
  const note = (key: string, id: PhotoId, answer: ClassesAnswer): void =>
    store.setState(({ answers }) => ({ answers: { ...answers, [key]: { ...answers[key], [id]: answer } } }));
  return {
    store,

    choose: (key, classifier) =>
      store.setState(({ classifiers, answers }) => ({
        classifiers: { ...classifiers, [key]: classifier },
        answers: { ...answers, [key]: {} },
      })),

    async ask(id) {
      const { models, photos } = app.getState();
      const photo = photos[id];
      if (photo === undefined || models.used === null) return;
      const { key, reference } = models.used;
      const { classifiers, answers } = store.getState();
      const classifier = classifiers[key];
      const status = answers[key]?.[id]?.status;
      if (classifier === undefined || status === 'asking' || status === 'told') return;
      note(key, id, { status: 'asking' });
      const told = await client.call('classify', {
        model: { key, reference },
        source: { id, photo: photo.blob },
        classifier: classifier.file,
        count: toldClasses,
      });
      // Another classifier may have been chosen meanwhile.
      if (store.getState().classifiers[key] !== classifier) return;
      note(key, id, told.ok ? { status: 'told', ...told.value } : { status: 'failed', failure: told.error });
    },
  };
}
