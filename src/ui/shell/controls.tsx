import { colourMapFunction, colourMapNames, type ColourMapName } from '../../render/colour-maps.ts';
import { mapsOf } from './painting/result-maps.ts';
import { useApp, useServices } from '../services.tsx';
import { type Photo, visibleOutcome } from '../state/photo.ts';
import { markedPatch, type SpecialToken, shownQuery, tokenWithin } from '../state/query.ts';
import { drawnStyle, hasContour, isSmooth, type View } from '../state/settings.ts';
import { shownView } from '../state/shown-view.ts';
import { countOf, patchTitle, queryTitle } from '../words.ts';
import { type Choice, ChoiceField } from '../kit/choice-field.tsx';
import { RangeField } from '../kit/range-field.tsx';
import { SwitchField } from '../kit/switch-field.tsx';
import './controls.css';

const gradientOf = (name: ColourMapName): string => {
  const colourAt = colourMapFunction(name);
  return `linear-gradient(to right, ${[0, 0.2, 0.4, 0.6, 0.8, 1].map(colourAt).join(', ')})`;
};

const colourMapChoices = colourMapNames.map((name): Choice<ColourMapName> => ({
  value: name,
  label: name,
  picture: <span className="swatch" style={{ background: gradientOf(name) }} />,
}));

/** Long sides of what the model sees, in px: multiples of 8, 16 and (but for 14-px patches) what people use. */
const inputSides = [160, 224, 320, 480, 640];

/** "142 of 1200 patches": what the mass slider means for the map on view. */
function describeKept(
  photo: Photo | undefined,
  token: SpecialToken,
  view: View,
  massPercent: number,
): string | null {
  const result = photo && visibleOutcome(photo.state)?.result;
  if (!result || view === 'all') return null;
  const { keptPatches } = mapsOf(result, shownQuery(photo, token))
    .drawing(view)
    .threshold(massPercent / 100);
  return `${keptPatches} of ${countOf(result.rows * result.columns, 'patch', 'patches')}`;
}

type QueryChoice = SpecialToken | 'patch';

const queryChoices = (numRegisters: number): Choice<QueryChoice>[] => [
  ...Array.from({ length: 1 + numRegisters }, (_, token) => ({
    value: token,
    label: queryTitle(token),
    picture: <span>{token === 0 ? 'CLS' : token}</span>,
  })),
  { value: 'patch', label: 'Patch' },
];

/** Which token looks: CLS, a register where there are some, or a patch of the photograph. */
function QueryControl({ photo }: { readonly photo: Photo | undefined }) {
  const numRegisters = useApp((state) => state.model?.numRegisters ?? 0);
  const token = useApp((state) => tokenWithin(state.token, { numRegisters }));
  const setToken = useApp((state) => state.setToken);
  const askPatch = useApp((state) => state.askPatch);
  if (photo === undefined || visibleOutcome(photo.state) === null) return null;
  const marked = markedPatch(photo);
  return (
    <ChoiceField<QueryChoice>
      label="Query"
      value={marked === null ? token : 'patch'}
      display={marked === null ? queryTitle(token) : patchTitle(marked)}
      choices={queryChoices(numRegisters)}
      note={marked === null ? 'Click the photograph, or press Q.' : 'Arrow keys move it, Esc goes back.'}
      onChange={(choice) => {
        if (choice === 'patch') askPatch(photo.id, { x: 0.5, y: 0.5 });
        else setToken(choice);
      }}
    />
  );
}

function OverlayControls() {
  const view = useApp(shownView);
  const overlay = useApp((state) => state.overlay);
  const change = useApp((state) => state.changeOverlay);
  const photo = useApp((state) => (state.selectedId === null ? undefined : state.photos[state.selectedId]));
  const { style, colourMap, massPercent, opacityPercent } = overlay;
  const token = useApp((state) => state.token);
  const kept = describeKept(photo, token, view, massPercent);
  return (
    <>
      <QueryControl photo={photo} />
      <ChoiceField
        label="Drawn as"
        value={style}
        choices={[
          { value: 'heat', label: 'Heat map' },
          { value: 'mask', label: 'Mask' },
        ]}
        onChange={(value) => change({ style: value })}
        {...(view === 'all' ? { display: 'all heads: masks' } : {})}
      />
      <ChoiceField
        label="Colours"
        value={colourMap}
        display={colourMap}
        choices={colourMapChoices}
        onChange={(value) => change({ colourMap: value })}
      />
      <RangeField
        label="Attention kept"
        min={1}
        max={99}
        value={massPercent}
        display={`${massPercent} %`}
        valueText={`${massPercent} per cent of the attention${kept === null ? '' : `, ${kept}`}`}
        onChange={(value) => change({ massPercent: value })}
      />
      <RangeField
        label="Opacity"
        min={0}
        max={100}
        value={opacityPercent}
        display={`${opacityPercent} %`}
        valueText={`${opacityPercent} per cent`}
        onChange={(value) => change({ opacityPercent: value })}
      />
      <div className="controls-pair">
        <ChoiceField
          label="Between patches"
          value={isSmooth(view, overlay) ? 'smooth' : 'nearest'}
          choices={[
            { value: 'smooth', label: 'Smooth' },
            { value: 'nearest', label: 'Nearest' },
          ]}
          onChange={(value) => {
            const smooth = value === 'smooth';
            change(drawnStyle(view, overlay) === 'mask' ? { maskSmooth: smooth } : { heatSmooth: smooth });
          }}
        />
        <SwitchField
          label="Contour"
          checked={hasContour(view, overlay)}
          onChange={(checked) =>
            change(drawnStyle(view, overlay) === 'mask' ? { maskContour: checked } : { heatContour: checked })
          }
        />
      </div>
    </>
  );
}

function InputControls() {
  const framing = useApp((state) => state.framing);
  const { session } = useServices();
  const sides = [...new Set([...inputSides, framing.sidePx])].sort((a, b) => a - b);
  return (
    <>
      <ChoiceField
        label="Input size"
        value={framing.sidePx}
        display={`${framing.sidePx} px`}
        choices={sides.map((side) => ({ value: side, label: String(side) }))}
        onChange={(sidePx) => session.changeFraming({ ...framing, sidePx })}
      />
      <ChoiceField
        label="Framing"
        value={framing.shape}
        choices={[
          { value: 'photograph', label: 'Photograph' },
          { value: 'square', label: 'Square' },
        ]}
        onChange={(shape) => session.changeFraming({ ...framing, shape })}
        {...(framing.shape === 'square'
          ? { note: 'Squashed to a square, as the official script does.' }
          : {})}
      />
    </>
  );
}

interface ControlsProps {
  /** A section to fold away, for narrow screens. */
  readonly collapsible: boolean;
  readonly startsOpen: boolean;
}

export function Controls({ collapsible, startsOpen }: ControlsProps) {
  const body = (
    <div className="controls-body">
      <OverlayControls />
      <h2 className="controls-divider">What the model sees</h2>
      <InputControls />
    </div>
  );
  if (!collapsible) {
    return (
      <aside className="controls" aria-label="Settings">
        {body}
      </aside>
    );
  }
  return (
    <aside className="controls" aria-label="Settings">
      <details className="controls-sheet" open={startsOpen}>
        <summary>Settings</summary>
        {body}
      </details>
    </aside>
  );
}
