import { useState } from 'react';
import { leastUnseenShare, unseenShare, type Frame } from '../../core/frame.ts';
import type { FramingOptions } from '../../core/photo.ts';
import { spanOf } from '../../lenses/lens-contract.ts';
import type { Question } from '../../lenses/lens-view.ts';
import { queryTitle, tokenTitle } from '../../lenses/query-title.ts';
import { type Choice, ChoiceField } from '../kit/choice-field.tsx';
import { Disclosure } from '../kit/disclosure.tsx';
import { formatPercent } from '../kit/format.ts';
import { RangeField } from '../kit/range-field.tsx';
import { useApp, useServices } from '../services.tsx';
import { pickedOn } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { OverlapField } from './overlap-field.tsx';
import { PartnerField } from './partner-field.tsx';
import { useCoarsePointer } from './use-page-effects.ts';
import {
  asksOutline,
  frameOf,
  markedPatch,
  queryOf,
  useLensView,
  useOutcome,
  usePanelProps,
  usePickPoint,
} from './use-scene.ts';
import { CompareField } from './compare-field.tsx';
import { withUnit } from '../../core/with-unit.ts';
import './settings-panel.css';

/** Long sides of the model's input, in px: multiples of 8 and 16, and sizes in common use (except for 14-px patches). */
const inputSides = [160, 224, 320, 480, 640];

type QueryChoice = number | 'patch';

const queryChoices = (numRegisters: number): Choice<QueryChoice>[] => [
  ...Array.from({ length: 1 + numRegisters }, (_, token) => ({
    value: token,
    label: tokenTitle(token),
    picture: <span>{token === 0 ? 'CLS' : token}</span>,
  })),
  { value: 'patch', label: 'Patch' },
];

const keyNotes = {
  cls: 'Click the photograph, or press Q.',
  patch: 'Arrow keys move it, Esc goes back.',
};
const touchNotes = { cls: 'Tap a patch of the photograph.', patch: 'Tap it again to go back.' };

const attention: Pick<Question, 'label' | 'explanation'> = {
  label: 'Who is looking?',
  explanation:
    'Attention starts at one token. CLS is the network’s own: it gathers what the whole picture is about. A patch of the ' +
    'photograph asks what goes with that patch. Registers are spare tokens, which some networks have.',
};

/** The choice of the asked token: CLS, a register if the network has some, or a patch of the photograph. */
function QueryField({ photo }: { readonly photo: Photo }) {
  const outcome = useOutcome(photo);
  const numRegisters = useApp((state) => state.models.used?.description.numRegisters ?? 0);
  const chosen = useApp((state) => state.token);
  const setToken = useApp((state) => state.setToken);
  const pick = usePickPoint(photo.id);
  const isCoarse = useCoarsePointer();
  const { label, explanation } = useLensView().question ?? attention;
  const isElsewhere = useApp((state) => ![null, photo.id].includes(pickedOn(state, photo)));
  const query = outcome === null ? null : queryOf(outcome);
  if (outcome !== null && query === null) return null;
  const token = chosen > numRegisters ? 0 : chosen;
  const marked = markedPatch(photo, outcome);
  // Without a result there is no grid yet, and a picked point is no patch.
  const isPickedHere =
    outcome === null ? photo.point !== null : marked !== null || asksOutline(photo, outcome);
  const isPicked = isPickedHere || isElsewhere;
  // The caption says which patch it is. Here it would need a second line, and move all settings.
  const pickedTitle = marked === null && query?.patch === null ? queryTitle(query) : 'Patch';
  return (
    <ChoiceField<QueryChoice>
      label={label}
      value={isPicked ? 'patch' : token}
      display={isPicked ? pickedTitle : tokenTitle(token)}
      choices={queryChoices(numRegisters)}
      explanation={explanation}
      note={isCoarse ? touchNotes[isPicked ? 'patch' : 'cls'] : keyNotes[isPicked ? 'patch' : 'cls']}
      onChange={(choice) => {
        if (choice === 'patch') pick({ x: 0.5, y: 0.5 });
        else setToken(choice);
      }}
    />
  );
}

/** The settings of the lens in use. */
function LensSettings({ photo }: { readonly photo: Photo }) {
  const { contract, Panel } = useLensView();
  const props = usePanelProps(photo);
  const { opacityPercent } = props.shared;
  return (
    <>
      {contract.asks && <QueryField photo={photo} />}
      {spanOf(contract, props.params) === 'pair' && <PartnerField photo={photo} />}
      <Panel {...props} />
      <RangeField
        label="Opacity"
        min={0}
        max={100}
        value={opacityPercent}
        display={withUnit(opacityPercent, '%')}
        valueText={`${opacityPercent} per cent`}
        onChange={(value) => props.changeShared({ opacityPercent: value })}
      />
    </>
  );
}

/** What the shape changes: it crops the photograph, or distorts its proportions. */
function shapeNote(shape: FramingOptions['shape'], frame: Frame | null): { readonly note?: string } {
  if (shape === 'square') return { note: 'Squashed, as the official script does.' };
  const share = frame === null ? 0 : unseenShare(frame);
  return share < leastUnseenShare ? {} : { note: `Hatched: ${formatPercent(share)} is not seen.` };
}

function InputSettings({ photo }: { readonly photo: Photo }) {
  const outcome = useOutcome(photo);
  const frame = outcome === null ? null : frameOf(outcome);
  const framing = useApp((state) => state.framing);
  const { session } = useServices();
  const sides = [...new Set([...inputSides, framing.sidePx])].sort((a, b) => a - b);
  return (
    <>
      <ChoiceField
        label="Input size"
        value={framing.sidePx}
        display={withUnit(framing.sidePx, 'px')}
        explanation={
          'The longer side of what the network sees. A larger one shows smaller things and takes longer: twice the side has four ' +
          'times the patches.'
        }
        choices={sides.map((side) => ({ value: side, label: String(side) }))}
        onChange={(sidePx) => session.changeFraming({ ...framing, sidePx })}
      />
      <OverlapField photo={photo} />
      <ChoiceField
        label="Input shape"
        value={framing.shape}
        explanation={
          'How the photograph becomes whole patches. “Photograph” keeps its shape; what does not fill a patch at two of its edges is ' +
          'not seen. “Square” squashes all of it into a square, as the official script does.'
        }
        choices={[
          { value: 'photograph', label: 'Photograph' },
          { value: 'square', label: 'Square' },
        ]}
        onChange={(shape) => session.changeFraming({ ...framing, shape })}
        {...shapeNote(framing.shape, frame)}
      />
    </>
  );
}

interface SettingsPanelProps {
  readonly photo: Photo;
  /** Whether the section can be folded away, for narrow pages. */
  readonly collapsible: boolean;
  readonly startsOpen: boolean;
}

export function SettingsPanel({ photo, collapsible, startsOpen }: SettingsPanelProps) {
  const [isOpen, setIsOpen] = useState(startsOpen);
  const body = (
    <div className="settings-body">
      <LensSettings photo={photo} />
      <CompareField photo={photo} />
      <h2 className="settings-divider">What the model sees</h2>
      <InputSettings photo={photo} />
    </div>
  );
  return (
    <aside className="settings" aria-label="Settings">
      {collapsible ? (
        <Disclosure title="Settings" className="settings-sheet" isOpen={isOpen} onToggle={setIsOpen}>
          {body}
        </Disclosure>
      ) : (
        body
      )}
    </aside>
  );
}
