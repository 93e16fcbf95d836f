import { embeddedModelId } from '../../core/embedded-model.ts';
import type { ModelReference } from '../../rpc/engine-contract.ts';

/**
 * How the page names a model: served with the page (`models/<id>/`, also the embedded one), kept in this browser, or from a file of
 * this visit.
 */
export interface ModelChoice {
  readonly kind: 'served' | 'stored' | 'dropped';
  readonly id: string;
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

export const isSameChoice = (a: ModelChoice | null, b: ModelChoice | null): boolean =>
  a !== null && b !== null && a.kind === b.kind && a.id === b.id;

export const embeddedChoice: ModelChoice = { kind: 'served', id: embeddedModelId };

/** An id must be a name and not a path, so that models come only from the page's own folder. */
export const isModelId = (id: unknown): id is string =>
  typeof id === 'string' && /^[\w.-]+$/.test(id) && !id.startsWith('.');

export const servedModel = (id: string): ChosenModel =>
  chosenModel(
    { kind: 'served', id },
    { kind: 'tfjs', url: new URL(`models/${id}/model.json`, document.baseURI).href },
  );
