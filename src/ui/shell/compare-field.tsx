import { useEffect } from 'react';
import { catalogue } from '../../catalogue/catalogue.ts';
import { embeddedModelTitle } from '../../core/embedded-model.ts';
import { contractOf, lensIds } from '../../lenses/contracts.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { SelectField } from '../kit/select-field.tsx';
import { useApp, useServices } from '../services.tsx';
import type { AppState } from '../state/app-store.ts';
import { spanOfLook, type Against } from '../state/looks.ts';
import { embeddedChoice, isSameChoice, type ModelChoice } from '../state/model-choice.ts';
import type { Photo } from '../state/photo.ts';
import { CompareNotes } from './compare-notes.tsx';
import { useComparison } from './comparison.ts';

interface Option {
  readonly value: string;
  readonly label: string;
  readonly choose: () => void;
}

const firstSeed = 1;

const keyOfChoice = ({ kind, id, seed }: ModelChoice): string => `model ${kind} ${id} ${seed ?? ''}`;

/** Models that are here, besides the one in use, its own random weights, and the model that is compared. */
function choicesOf({
  library,
  models,
  against,
}: AppState): readonly { choice: ModelChoice; title: string }[] {
  const { served, stored, dropped } = library;
  const titleOf = (id: string, title: string): string =>
    catalogue.models.find((entry) => entry.id === id)?.title ?? title;
  const known = [
    { choice: embeddedChoice, title: embeddedModelTitle },
    ...served.map(({ id, title }) => ({ choice: { kind: 'served', id } as const, title })),
    ...stored.map(({ id, title }) => ({
      choice: { kind: 'stored', id } as const,
      title: titleOf(id, title),
    })),
    ...dropped.map(({ id, title }) => ({ choice: { kind: 'dropped', id } as const, title })),
  ];
  const used = models.used?.choice ?? null;
  const random =
    used === null || used.seed !== undefined
      ? []
      : [{ choice: { ...used, seed: firstSeed }, title: 'Random weights' }];
  const here = [...random, ...known.filter(({ choice }) => !isSameChoice(choice, used))];
  // It may be another model's random weights, or be gone from the lists.
  const compared = against?.model ?? null;
  if (compared === null || here.some(({ choice }) => isSameChoice(choice, compared.choice))) return here;
  return [{ choice: compared.choice, title: compared.description.title }, ...here];
}

function valueOf(against: Against | null): string {
  if (against === null) return 'nothing';
  if (against.model !== null) return keyOfChoice(against.model.choice);
  return against.look === null ? 'nothing' : `lens ${against.look.lens}`;
}

/** Whether a lens's pictures can stand beside another's: not where it takes two photographs. */
const isOfOnePhotograph = (lens: AppState['lens']): boolean =>
  spanOfLook({ lens, params: contractOf(lens).params.defaults }) !== 'pair';

/** What the picture is compared with: another model, other weights, another lens, or the settings as they are now. */
export function CompareField({ photo }: { readonly photo: Photo }) {
  const { store, library, session } = useServices();
  const against = useApp((state) => state.against);
  const comparisonView = useApp((state) => state.comparison);
  const setComparison = useApp((state) => state.setComparison);
  const next = useApp(({ models }) => (models.next?.purpose === 'compare' ? models.next : null));
  // Their lists change these options.
  useApp((state) => state.library);
  useApp((state) => state.models.used);
  const lens = useApp((state) => state.lens);
  const comparison = useComparison(photo);
  useEffect(() => void library.refreshServed(), [library]);
  if (!isOfOnePhotograph(lens)) return null;
  const { setAgainst, params, drawings } = store.getState();
  const compareNow = (chosen: Against | null): void => {
    if (next !== null) session.cancelModelSwitch();
    setAgainst(chosen);
  };
  const withLens = (id: AppState['lens']): void =>
    compareNow({
      model: null,
      look: { lens: id, params: params[id], drawing: drawings[id] },
    });
  const options: Option[] = [
    { value: 'nothing', label: 'Nothing', choose: () => compareNow(null) },
    ...choicesOf(store.getState()).map(({ choice, title }) => ({
      value: keyOfChoice(choice),
      label: title,
      choose: () => void library.compare(choice),
    })),
    ...lensIds.filter(isOfOnePhotograph).map((id) => ({
      value: `lens ${id}`,
      label:
        id === lens
          ? `${contractOf(id).title}, as it is set now`
          : `The lens ${contractOf(id).title.toLowerCase()}`,
      choose: () => withLens(id),
    })),
  ];
  const agreement = comparison?.agreement ?? null;
  return (
    <>
      <SelectField
        label="Compare with"
        // What the browser keeps is read by a worker, which most visits do not need.
        onFocus={() => void library.refresh()}
        choices={options}
        value={next === null ? valueOf(against) : keyOfChoice(next.choice)}
        onChange={(value) => options.find((option) => option.value === value)?.choose()}
      />
      {comparison !== null && (
        <ChoiceField
          label="Comparison"
          value={agreement === null && comparisonView === 'difference' ? 'sides' : comparisonView}
          choices={[
            { value: 'sides', label: 'Side by side' },
            { value: 'swipe', label: 'Swipe' },
            ...(agreement === null ? [] : [{ value: 'difference', label: 'Difference' } as const]),
          ]}
          onChange={setComparison}
        />
      )}
      {comparison !== null && <CompareNotes photo={photo} comparison={comparison} />}
    </>
  );
}
