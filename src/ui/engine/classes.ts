/** Classes of photographs by a linear classifier: which one belongs to which model, and what it told. */
import { catalogue } from '../../catalogue/catalogue.ts';
import type { CatalogueClassifier } from '../../catalogue/parse-catalogue.ts';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Failure } from '../../core/failure.ts';
import type { ClassifierFile, ClassifyContract } from '../../rpc/classify-contract.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { UsedModel } from '../state/model-in-use.ts';
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

/** @returns the id of the network of the catalogue, where it has exactly these weights */
const catalogueIdOf = ({ choice }: Pick<UsedModel, 'choice'>): string | null =>
  choice.kind === 'stored' && choice.seed === undefined ? choice.id : null;

/** Those that are published for exactly these weights. */
export function publishedFor(model: Pick<UsedModel, 'choice'>): readonly CatalogueClassifier[] {
  const id = catalogueIdOf(model);
  return catalogue.models.find((entry) => entry.id === id)?.classifiers ?? [];
}

export const publishedClassifier = (head: CatalogueClassifier): ChosenClassifier => ({
  name: head.title,
  file: { kind: 'published', head },
});

interface ClassesState {
  /** By the model's key. */
  readonly classifiers: Readonly<Record<string, ChosenClassifier>>;
  /** By the model's key, and the photograph. */
  readonly answers: Readonly<Record<string, Readonly<Record<PhotoId, ClassesAnswer>>>>;
}

export interface Classes {
  readonly store: StoreApi<ClassesState>;
  /** For this model; what another one told is forgotten. A published one is chosen at the next visit too. */
  choose(model: Pick<UsedModel, 'key' | 'choice'>, classifier: ChosenClassifier): void;
  /** By the model in use, where it has a classifier. What was told or is being asked stays. */
  ask(id: PhotoId): Promise<void>;
}

export function createClasses(client: EngineClient, app: AppStore): Classes {
  const store = createStore<ClassesState>(() => ({ classifiers: {}, answers: {} }));
  const note = (key: string, id: PhotoId, answer: ClassesAnswer): void =>
    store.setState(({ answers }) => ({ answers: { ...answers, [key]: { ...answers[key], [id]: answer } } }));
  const set = (key: string, classifier: ChosenClassifier): void =>
    store.setState(({ classifiers, answers }) => ({
      classifiers: { ...classifiers, [key]: classifier },
      answers: { ...answers, [key]: {} },
    }));

  /** Chosen for this network at an earlier visit. It is not fetched before it is asked. */
  const recall = (used: UsedModel | null): void => {
    if (used === null || used.key in store.getState().classifiers) return;
    const url = app.getState().heads[catalogueIdOf(used) ?? ''];
    const head = publishedFor(used).find((published) => published.url === url);
    if (head !== undefined) set(used.key, publishedClassifier(head));
  };
  recall(app.getState().models.used);
  app.subscribe(({ models }, before) => {
    if (models.used !== before.models.used) recall(models.used);
  });

  return {
    store,

    choose(model, classifier) {
      set(model.key, classifier);
      const id = catalogueIdOf(model);
      if (id !== null && classifier.file.kind === 'published')
        app.getState().rememberHead(id, classifier.file.head.url);
    },

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
