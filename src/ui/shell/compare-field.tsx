import { ChoiceField } from '../kit/choice-field.tsx';
import { SelectField } from '../kit/select-field.tsx';
import { useApp, useServices, useTraining } from '../services.tsx';
import type { Against } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { CompareNotes } from './compare-notes.tsx';
import {
  compareOptions,
  isOfOnePhotograph,
  keyOfChoice,
  valueOf,
  type CompareOption,
} from './compare-options.ts';
import { useComparison, type Comparison } from './comparison.ts';
import { SwitchProgress } from './switch-progress.tsx';

/** @returns what begins the comparison with an option */
function useChoose(): (option: CompareOption) => void {
  const { store, library, session, training } = useServices();
  const compareNow = (chosen: Against | null): void => {
    const { models, setAgainst } = store.getState();
    if (models.next?.purpose === 'compare') session.cancelModelSwitch();
    setAgainst(chosen);
  };
  return ({ is }) => {
    switch (is.kind) {
      case 'nothing':
        return compareNow(null);
      case 'model':
        return void library.compare(is.choice);
      case 'run':
        return void training.compareNetwork(is.run, is.role);
      case 'lens': {
        const { params, drawings } = store.getState();
        const { lens } = is;
        return compareNow({ model: null, look: { lens, params: params[lens], drawing: drawings[lens] } });
      }
    }
  };
}

/** Beside each other, one picture with a line to move, or what differs. */
function ViewField({ comparison: { agreement } }: { readonly comparison: Comparison }) {
  const view = useApp((state) => state.comparisonView);
  const setView = useApp((state) => state.setComparisonView);
  return (
    <ChoiceField
      label="Comparison"
      value={agreement === null && view === 'difference' ? 'sides' : view}
      choices={[
        { value: 'sides', label: 'Side by side' },
        { value: 'swipe', label: 'Swipe' },
        ...(agreement === null ? [] : [{ value: 'difference', label: 'Difference' } as const]),
      ]}
      onChange={setView}
    />
  );
}

/** What the picture is compared with: another model, other weights, another lens, or the settings as they are now. */
export function CompareField({ photo }: { readonly photo: Photo }) {
  const { store, library, training } = useServices();
  const against = useApp((state) => state.against);
  const next = useApp(({ models }) => (models.next?.purpose === 'compare' ? models.next : null));
  // Their lists change these options.
  useApp((state) => state.library);
  useApp((state) => state.models.used);
  const lens = useApp((state) => state.lens);
  const runs = useTraining((state) => state.list?.runs);
  const comparison = useComparison(photo);
  const choose = useChoose();
  if (!isOfOnePhotograph(lens)) return null;
  const options = compareOptions(store.getState(), runs ?? []);
  // The lists are read by workers or from the network, which most visits do not need.
  const readLists = (): void => {
    void library.refresh();
    void training.refresh();
  };
  return (
    <>
      <SelectField
        label="Compare with"
        onApproach={readLists}
        choices={options}
        value={next === null ? valueOf(against) : keyOfChoice(next.choice)}
        onChange={(value) => {
          const chosen = options.find((option) => option.value === value);
          if (chosen !== undefined) choose(chosen);
        }}
      />
      {next !== null && <SwitchProgress modelSwitch={next} cancel={`Do not compare with ${next.title}`} />}
      {comparison !== null && <ViewField comparison={comparison} />}
      {comparison !== null && <CompareNotes photo={photo} comparison={comparison} />}
    </>
  );
}
