/** What the picture can be compared with, as a list of choices. */
import { contractOf, lensIds, type LensId } from '../../lenses/contracts.ts';
import type { StoredRun } from '../../rpc/training-contract.ts';
import { firstSeed, modelsHere, type NamedChoice } from '../models/known-models.ts';
import type { AppState } from '../state/app-store.ts';
import { spanOfLook, type Against } from '../state/looks.ts';
import { isSameChoice, type ModelChoice } from '../state/model-choice.ts';
import { listedAs, roles, roleTitles, type RunRole } from '../training/run-models.ts';

/** One that can be chosen. */
export interface CompareOption {
  readonly value: string;
  readonly label: string;
  readonly is:
    | { readonly kind: 'nothing' }
    | { readonly kind: 'model'; readonly choice: ModelChoice }
    | { readonly kind: 'run'; readonly run: StoredRun; readonly role: RunRole }
    | { readonly kind: 'lens'; readonly lens: LensId };
}

const nothing = 'nothing';

export const keyOfChoice = ({ kind, id, seed }: ModelChoice): string => `model ${kind} ${id} ${seed ?? ''}`;

/** Whether a lens's pictures can stand beside another's: not where it takes two photographs. */
export const isOfOnePhotograph = (lens: LensId): boolean =>
  spanOfLook({ lens, params: contractOf(lens).params.defaults }) !== 'pair';

/** Models that are here, besides the one in use, its own random weights, and the model that is compared. */
function choicesOf({ library, models, against }: AppState): readonly NamedChoice[] {
  const used = models.used?.choice ?? null;
  const random =
    used === null || used.seed !== undefined
      ? []
      : [{ choice: { ...used, seed: firstSeed }, title: 'Random weights' }];
  const here = [...random, ...modelsHere(library).filter(({ choice }) => !isSameChoice(choice, used))];
  // It may be another model's random weights, or be gone from the lists.
  const compared = against?.model ?? null;
  if (compared === null || here.some(({ choice }) => isSameChoice(choice, compared.choice))) return here;
  return [{ choice: compared.choice, title: compared.description.title }, ...here];
}

/** Of runs that have trained, the two networks; without those that stand among the models. */
function runOptions({ library }: AppState, runs: readonly StoredRun[]): CompareOption[] {
  const all = runs.filter(({ step }) => step > 0).flatMap((run) => roles.map((role) => ({ run, role })));
  return all
    .filter(({ run, role }) => !library.dropped.some(({ id }) => id === listedAs(run, role)))
    .map(({ run, role }) => ({
      value: `run ${run.id} ${role}`,
      label: `${roleTitles[role]} of ${run.title}, step ${run.step}`,
      is: { kind: 'run', run, role },
    }));
}

export function compareOptions(state: AppState, runs: readonly StoredRun[]): readonly CompareOption[] {
  const { lens } = state;
  return [
    { value: nothing, label: 'Nothing', is: { kind: 'nothing' } },
    ...choicesOf(state).map(({ choice, title }): CompareOption => ({
      value: keyOfChoice(choice),
      label: title,
      is: { kind: 'model', choice },
    })),
    ...runOptions(state, runs),
    ...lensIds.filter(isOfOnePhotograph).map((id): CompareOption => {
      const { title } = contractOf(id);
      const label = id === lens ? `${title}, as it is set now` : `The lens ${title.toLowerCase()}`;
      return { value: `lens ${id}`, label, is: { kind: 'lens', lens: id } };
    }),
  ];
}

/** The chosen option's value. */
export function valueOf(against: Against | null): string {
  if (against === null) return nothing;
  if (against.model !== null) return keyOfChoice(against.model.choice);
  return against.look === null ? nothing : `lens ${against.look.lens}`;
}
