import { Waypoints } from 'lucide-react';
import { colourMapNames, type Rgb } from '../../render/colour-maps.ts';
import type { Layer } from '../../render/layers.ts';
import { thresholdOf } from '../../render/map-drawing.ts';
import { ChoiceField } from '../../ui/kit/choice-field.tsx';
import { colourChoice } from '../../ui/kit/colour-choice.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf, formatPercent } from '../../ui/kit/format.ts';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { SwitchField } from '../../ui/kit/switch-field.tsx';
import { frameOf } from '../lens-contract.ts';
import type { LensTile, LensView, PanelProps, Scene } from '../lens-view.ts';
import { queryTitle } from '../query-title.ts';
import { rolloutContract, type RolloutDrawing, type RolloutParams, type RolloutResult } from './contract.ts';

type RolloutScene = Scene<RolloutParams, RolloutDrawing, RolloutResult>;

const contourColour: Rgb = [255, 255, 255];

const styleTitles = { heat: 'Heat map', mask: 'Mask' } as const;

function layersOf({ looked, drawing, shared }: RolloutScene): Layer[] {
  const frame = frameOf(looked);
  const { map } = looked.result;
  const { style, mass, smooth, contour } = drawing;
  const share = mass / 100;
  const opacity = shared.opacityPercent / 100;
  if (style === 'heat')
    return [{ kind: 'scalar', frame, map, colours: shared.colours, range: null, smooth, opacity }];
  const outline: Layer = { kind: 'outline', frame, map, share, smooth, colour: contourColour };
  return [{ kind: 'veil', frame, map, share, smooth, opacity }, ...(contour ? [outline] : [])];
}

const tilesOf = (scene: RolloutScene | null, drawing: RolloutDrawing): LensTile<RolloutDrawing>[] =>
  (['heat', 'mask'] as const).map((style) => ({
    id: style,
    title: styleTitles[style],
    chip: [],
    change: { style },
    isShown: style === drawing.style,
    layers: scene === null ? [] : layersOf({ ...scene, drawing: { ...drawing, style } }),
  }));

function describe({ looked: { result }, params, drawing: { style, mass } }: RolloutScene): string {
  const { query, depth, map } = result;
  const whom = query.patch === null && query.token === 0 ? 'CLS' : queryTitle(query).toLowerCase();
  const fused = { mean: 'the mean', max: 'the largest value', min: 'the smallest value' }[params.fusion];
  const discarded =
    params.discard > 0 ? `, the lowest ${formatPercent(params.discard)} of each block left out` : '';
  const what = `What has reached ${whom} through ${countOf(depth, 'block')}, by ${fused} over heads${discarded}.`;
  if (style === 'heat') return what;
  const { keptPatches } = thresholdOf(map, mass / 100);
  return `${what} ${mass} % of it lies on ${keptPatches} of ${countOf(map.length, 'patch', 'patches')}.`;
}

function facts({ looked: { result } }: RolloutScene): Fact[] {
  const { query, specialShares } = result;
  const [onCls = 0, ...registers] = specialShares;
  const onRegisters = registers.reduce((sum, share) => sum + share, 0);
  const name = query.patch === null && query.token === 0 ? 'Stayed at CLS' : 'Came from CLS';
  const list: Fact[] = [[name, formatPercent(onCls), 'The share of the row that is on no patch.']];
  if (registers.length > 0) list.push(['Came from registers', formatPercent(onRegisters)]);
  return list;
}

function RolloutPanel(props: PanelProps<RolloutParams, RolloutDrawing, RolloutResult>) {
  const { params, drawing, shared, changeParams, changeDrawing, changeShared } = props;
  const percent = Math.round(params.discard * 100);
  return (
    <>
      <ChoiceField
        label="Heads become one by"
        value={params.fusion}
        choices={[
          { value: 'mean', label: 'Mean' },
          { value: 'max', label: 'Largest' },
          { value: 'min', label: 'Smallest' },
        ]}
        onChange={(fusion) => changeParams({ fusion })}
      />
      <RangeField
        label="Lowest entries left out"
        min={0}
        max={99}
        value={percent}
        display={`${percent} %`}
        valueText={`the lowest ${percent} per cent of each block left out`}
        onChange={(value) => changeParams({ discard: value / 100 })}
      />
      <ChoiceField
        label="Each block is normalised"
        value={params.normalise}
        choices={[
          { value: 'rows', label: 'By rows' },
          { value: 'vit-explain', label: 'As vit-explain' },
        ]}
        {...(params.normalise === 'vit-explain'
          ? {
              note: 'A column is divided by the sum of the row with its number, a known slip of that program.',
            }
          : {})}
        onChange={(normalise) => changeParams({ normalise })}
      />
      {drawing.style === 'heat' ? (
        <ChoiceField
          label="Colours"
          value={shared.colours}
          display={shared.colours}
          choices={colourMapNames.map(colourChoice)}
          onChange={(colours) => changeShared({ colours })}
        />
      ) : (
        <RangeField
          label="Kept by the mask"
          min={1}
          max={99}
          value={drawing.mass}
          display={`${drawing.mass} %`}
          valueText={`${drawing.mass} per cent`}
          onChange={(mass) => changeDrawing({ mass })}
        />
      )}
      <ChoiceField
        label="Between patches"
        value={drawing.smooth ? 'smooth' : 'patches'}
        choices={[
          { value: 'smooth', label: 'Smooth' },
          { value: 'patches', label: 'Patch by patch' },
        ]}
        onChange={(value) => changeDrawing({ smooth: value === 'smooth' })}
      />
      {drawing.style === 'mask' && (
        <SwitchField
          label="Contour"
          checked={drawing.contour}
          onChange={(contour) => changeDrawing({ contour })}
        />
      )}
    </>
  );
}

const massStepPercent = 5;

export const rolloutView: LensView<RolloutParams, RolloutDrawing, RolloutResult> = {
  contract: rolloutContract,
  icon: Waypoints,
  layers: layersOf,
  tiles: tilesOf,
  title: ({ drawing }) => styleTitles[drawing.style],
  describe,
  facts,
  Panel: RolloutPanel,
  commands: [
    {
      keys: ['h', 'k'],
      does: 'Heat map, mask',
      run: (key, { changeDrawing }) => changeDrawing({ style: key === 'h' ? 'heat' : 'mask' }),
    },
    {
      keys: ['[', ']'],
      does: 'The mask keeps less, more',
      run: (key, { drawing: { mass }, changeDrawing }) => {
        const step = key === '[' ? -massStepPercent : massStepPercent;
        changeDrawing({ mass: Math.min(99, Math.max(1, mass + step)) });
      },
    },
  ],
};
