import { embeddedModelId } from '../../core/embedded-model.ts';
import type { ModelReference } from '../../rpc/engine-contract.ts';

/**
 * How the page names a model: served with the page (`models/<id>/`, also the embedded one), kept in this browser, or from a file of
 * this visit.
 */
export interface ModelChoice {
  readonly kind: 'served' | 'stored' | 'dropped';
  readonly id: string;
  /** Set for random weights in place of the model's own; other weights for another seed. Not remembered. */
  readonly seed?: number;
}

/** A choice, and the reference by which it is loaded. */
export interface ChosenModel {
  readonly choice: ModelChoice;
  /** Identifies the model in the engine and in results. It stays the same when the reference changes. */
  readonly key: string;
  readonly reference: ModelReference;
}

/** Other hints, such as another number of heads, make it another model. */
export function chosenModel(choice: ModelChoice, reference: ModelReference): ChosenModel {
  const hints = reference.kind === 'checkpoint' ? JSON.stringify(reference.hints) : '';
  return { choice, key: `${choice.kind} ${choice.id} ${hints}`.trim(), reference };
}

/** The same network with random weights. */
export const randomOf = (
  {
    choice,
    key,
    reference,
  }: Pick<ChosenModel, 'choice' | 'key'> & {
    readonly reference: Extract<ModelReference, { kind: 'random' }>['of'];
  },
  seed: number,
): ChosenModel => ({
  choice: { ...choice, seed },
  key: `${key} random ${seed}`,
  reference: { kind: 'random', of: reference, seed },
});

/** Both need the same files, whichever weights they have. */
export const isOfSameFiles = (a: ModelChoice | null, b: ModelChoice | null): boolean =>
  a !== null && b !== null && a.kind === b.kind && a.id === b.id;

export const isSameChoice = (a: ModelChoice | null, b: ModelChoice | null): boolean =>
  isOfSameFiles(a, b) && a?.seed === b?.seed;

export const embeddedChoice: ModelChoice = { kind: 'served', id: embeddedModelId };

/** An id must be a name and not a path, so that models come only from the page's own folder. */
export const isModelId = (id: unknown): id is string =>
  typeof id === 'string' && /^[\w.-]+$/.test(id) && !id.startsWith('.');

export const servedModel = (id: string): ChosenModel =>
  chosenModel(
    { kind: 'served', id },
    { kind: 'tfjs', url: new URL(`models/${id}/model.json`, document.baseURI).href },
  );
