import { Waypoints } from 'lucide-react';
import type { Rgb } from '../../render/colour-maps.ts';
import type { Layer } from '../../render/layers.ts';
import { mapLayers, type MapDrawing } from '../../render/map-layers.ts';
import { thresholdOf } from '../../render/map-drawing.ts';
import { ChoiceField } from '../../ui/kit/choice-field.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent } from '../../ui/kit/format.ts';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { massCommand, styleCommand } from '../shared-commands.ts';
import { ColoursField, ContourField, MassField, SmoothField } from '../shared-controls.tsx';
import { frameOf } from '../lens-contract.ts';
import { foundByMass } from '../mass-found.ts';
import type { LensTile, LensView, PanelProps, Scene } from '../lens-view.ts';
import { isCls, queryInSentence } from '../query-title.ts';
import { rolloutContract, type RolloutParams, type RolloutResult } from './contract.ts';
import { withUnit } from '../../core/with-unit.ts';

type RolloutScene = Scene<RolloutParams, MapDrawing, RolloutResult>;

const contourColour: Rgb = [255, 255, 255];

const styleTitles = { heat: 'Heat map', mask: 'Mask' } as const;

const layersOf = ({ looked, drawing, shared }: RolloutScene): Layer[] =>
  mapLayers(frameOf(looked), looked.result.map, { ...drawing, colour: contourColour }, shared);

const tilesOf = (scene: RolloutScene | null, drawing: MapDrawing): LensTile<MapDrawing>[] =>
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
  const fused = { mean: 'the mean', max: 'the largest value', min: 'the smallest value' }[params.fusion];
  const discarded =
    params.discard > 0 ? `, the lowest ${formatPercent(params.discard)} of each block left out` : '';
  const what = `What has reached ${queryInSentence(query)} through ${countOf(depth, 'block')}, by ${fused} over heads${discarded}.`;
  if (style === 'heat') return what;
  const { keptPatches } = thresholdOf(map, mass / 100);
  return `${what} ${withUnit(mass, '%')} of it lies on ${keptPatches} of ${countOf(map.length, 'patch', 'patches')}.`;
}

function facts({ looked: { result } }: RolloutScene): Fact[] {
  const { query, specialShares } = result;
  const [onCls = 0, ...registers] = specialShares;
  const onRegisters = registers.reduce((sum, share) => sum + share, 0);
  const name = isCls(query) ? 'Stayed at CLS' : 'Came from CLS';
  const list: Fact[] = [[name, formatPercent(onCls), 'The share of the row that is on no patch.']];
  if (registers.length > 0) list.push(['Came from registers', formatPercent(onRegisters)]);
  return list;
}

function RolloutPanel(props: PanelProps<RolloutParams, MapDrawing, RolloutResult>) {
  const { params, drawing, changeParams, changeDrawing } = props;
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
        display={withUnit(percent, '%')}
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
      {drawing.style === 'heat' ? <ColoursField {...props} /> : <MassField {...props} />}
      <SmoothField {...props} />
      {drawing.style === 'mask' && <ContourField drawing={drawing} changeDrawing={changeDrawing} />}
    </>
  );
}

export const rolloutView: LensView<RolloutParams, MapDrawing, RolloutResult> = {
  contract: rolloutContract,
  icon: Waypoints,
  layers: layersOf,
  tiles: tilesOf,
  found: ({ looked, drawing: { style, mass } }) =>
    style === 'mask' ? [foundByMass(frameOf(looked), 'Rollout', looked.result.map, mass)] : [],
  title: ({ drawing }) => styleTitles[drawing.style],
  describe,
  facts,
  Panel: RolloutPanel,
  commands: [styleCommand, massCommand],
};
