import type { CheckpointHints } from '../../core/model.ts';
import type { ModelReference } from '../../rpc/engine-contract.ts';
import type { StoredModel } from '../../rpc/library-contract.ts';
import type { DroppedModel } from '../state/library-state.ts';
import { chosenModel, type ChosenModel } from '../state/model-choice.ts';

interface Facts {
  readonly id: string;
  readonly title: string;
  readonly kind: 'checkpoint' | 'tfjs';
  readonly sha256: string | null;
  readonly hints: CheckpointHints;
}

function referenceOf(facts: Facts, files: ReadonlyMap<string, Blob>): ModelReference {
  if (facts.kind === 'tfjs') return { kind: 'tfjs-files', files };
  const { id, title, sha256, hints } = facts;
  return { kind: 'checkpoint', id, title, files: [...files.values()], sha256, hints };
}

export const storedModel = (model: StoredModel, files: ReadonlyMap<string, Blob>): ChosenModel =>
  chosenModel({ kind: 'stored', id: model.id }, referenceOf(model, files));

export const droppedModel = (model: DroppedModel): ChosenModel =>
  chosenModel({ kind: 'dropped', id: model.id }, referenceOf({ ...model, sha256: null }, model.files));
