import { embeddedModelId } from '../../core/embedded-model.ts';
import type { ModelReference } from '../../rpc/engine-contract.ts';

/**
 * Which model, as the page names it: served beside it (`models/<id>/`, the embedded one too), kept in this browser, or from a
 * file of this visit.
 */
export interface ModelChoice {
  readonly kind: 'served' | 'stored' | 'dropped';
  readonly id: string;
}

/** A choice and the way to it. */
export interface ChosenModel {
  readonly choice: ModelChoice;
  /** By which the engine and everything that was seen know it. It stays the same where the way to it changes. */
  readonly key: string;
  readonly reference: ModelReference;
}

/** A model that is told something else of itself, its number of heads say, is another one. */
export function chosenModel(choice: ModelChoice, reference: ModelReference): ChosenModel {
  const hints = reference.kind === 'checkpoint' ? JSON.stringify(reference.hints) : '';
  return { choice, key: `${choice.kind} ${choice.id} ${hints}`.trim(), reference };
}

export const isSameChoice = (a: ModelChoice | null, b: ModelChoice | null): boolean =>
  a !== null && b !== null && a.kind === b.kind && a.id === b.id;

export const embeddedChoice: ModelChoice = { kind: 'served', id: embeddedModelId };

/** A name, not a path: models come from the page's own folder and nowhere else. */
export const isModelId = (id: unknown): id is string =>
  typeof id === 'string' && /^[\w.-]+$/.test(id) && !id.startsWith('.');

export const servedModel = (id: string): ChosenModel =>
  chosenModel(
    { kind: 'served', id },
    { kind: 'tfjs', url: new URL(`models/${id}/model.json`, document.baseURI).href },
  );
