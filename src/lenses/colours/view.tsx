import { Palette } from 'lucide-react';
import type { Rgb } from '../../render/colour-maps.ts';
import type { Channel, Layer } from '../../render/layers.ts';
import { ChoiceField } from '../../ui/kit/choice-field.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent } from '../../ui/kit/format.ts';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { SwitchField } from '../../ui/kit/switch-field.tsx';
import { featuresTitle } from '../feature-choice.ts';
import { FeatureFields } from '../feature-fields.tsx';
import { frameOf } from '../lens-contract.ts';
import type { LensTile, LensView, PanelProps, Scene } from '../lens-view.ts';
import { ColoursField, MassField, SmoothField } from '../shared-controls.tsx';
import {
  coloursContract,
  type ColoursDrawing,
  type ColoursParams,
  type ColoursResult,
  type Component,
} from './contract.ts';
import { withUnit } from '../../core/with-unit.ts';

type ColoursScene = Scene<ColoursParams, ColoursDrawing, ColoursResult>;
type ColoursPanelProps = PanelProps<ColoursParams, ColoursDrawing, ColoursResult>;

const componentTitle = (at: number): string => `Component ${at + 1}`;

/** @returns null for the colours, also if there is no such component */
const componentOf = (view: ColoursDrawing['view'], { components }: ColoursResult): Component | null =>
  view === 'colours' ? null : (components[view] ?? null);

/** From 0; the only component is not left out. */
const firstOf = ({ skip }: ColoursDrawing, components: number): number => (skip && components > 1 ? 1 : 0);

const channelOf = ({ map, min, max, deviation }: Component, scale: ColoursDrawing['scale']): Channel => ({
  map,
  scale: scale === 'range' ? { kind: scale, min, max } : { kind: scale, deviation },
});

function layersOf({ looked, drawing, shared }: ColoursScene): Layer[] {
  const frame = frameOf(looked);
  const { components, kept } = looked.result;
  const { smooth, scale, view } = drawing;
  const opacity = shared.opacityPercent / 100;
  const component = componentOf(view, looked.result);
  if (component !== null) {
    const { map, min, max } = component;
    return [{ kind: 'scalar', frame, map, colours: shared.colours, range: { min, max }, smooth, opacity }];
  }
  const first = firstOf(drawing, components.length);
  const channels = components.slice(first, first + 3).map((each) => channelOf(each, scale));
  return channels.length === 0 ? [] : [{ kind: 'rgb', frame, channels, kept, smooth, opacity }];
}

const channelColours: readonly Rgb[] = [
  [255, 60, 60],
  [60, 220, 60],
  [80, 110, 255],
];

function tilesOf(scene: ColoursScene | null, drawing: ColoursDrawing): LensTile<ColoursDrawing>[] {
  const components = scene?.looked.result.components ?? [];
  const isOne = scene !== null && componentOf(drawing.view, scene.looked.result) !== null;
  const tile = (
    view: ColoursDrawing['view'],
    title: string,
    chip: readonly Rgb[],
    isShown: boolean,
  ): LensTile<ColoursDrawing> => ({
    id: String(view),
    title,
    chip,
    change: { view },
    isShown,
    layers: scene === null ? [] : layersOf({ ...scene, drawing: { ...drawing, view } }),
  });
  const chipOf = (at: number): readonly Rgb[] => {
    const colour = channelColours[at - firstOf(drawing, components.length)];
    return colour === undefined ? [] : [colour];
  };
  return [
    tile('colours', 'Colours', channelColours, !isOne),
    ...components.map((_, at) => tile(at, componentTitle(at), chipOf(at), isOne && at === drawing.view)),
  ];
}

function describe({ looked: { result }, params, drawing }: ColoursScene): string {
  const { components, features, photographs, keptPatches, allPatches } = result;
  const by = featuresTitle(features);
  if (components.length === 0) return `No colours: the ${by} do not differ.`;
  const patches = countOf(allPatches, 'patch', 'patches');
  const of =
    (params.of === 'all' ? `all ${patches}` : `${keptPatches} of ${patches}`) +
    (params.together ? ` of ${countOf(photographs, 'photograph')}` : '');
  const component = componentOf(drawing.view, result);
  if (component !== null && drawing.view !== 'colours')
    return `${componentTitle(drawing.view)} of the ${by}, of ${of}: ${formatPercent(component.share)} of the variance.`;
  const first = firstOf(drawing, components.length);
  const shown = components.slice(first, first + 3);
  const share = shown.reduce((sum, each) => sum + each.share, 0);
  return `Components ${first + 1} to ${first + shown.length} of the ${by}, of ${of}, as red, green and blue: ${formatPercent(share)} of the variance.`;
}

const facts = ({ looked: { result } }: ColoursScene): Fact[] =>
  result.components.map(({ share }, at): Fact => [
    componentTitle(at),
    formatPercent(share),
    'Its share of the variance of the features',
  ]);

function PatchesFields({ params, changeParams }: Pick<ColoursPanelProps, 'params' | 'changeParams'>) {
  const { of, keep, threshold, mass } = params;
  return (
    <>
      <ChoiceField
        label="Made of"
        value={of}
        choices={[
          { value: 'all', label: 'All' },
          { value: 'component', label: 'One side' },
          { value: 'attention', label: 'Where CLS looks' },
        ]}
        onChange={(value) => changeParams({ of: value })}
      />
      {of === 'component' && (
        <>
          <ChoiceField
            label="Side of the first component"
            value={keep}
            choices={[
              { value: 'above', label: 'Above' },
              { value: 'below', label: 'Below' },
            ]}
            onChange={(value) => changeParams({ keep: value })}
          />
          <RangeField
            label="Threshold"
            min={1}
            max={99}
            value={threshold}
            display={withUnit(threshold, '%')}
            valueText={`${threshold} per cent of the first component’s range`}
            onChange={(value) => changeParams({ threshold: value })}
          />
        </>
      )}
      {of === 'attention' && <MassField drawing={{ mass }} changeDrawing={changeParams} />}
    </>
  );
}

function ColoursPanel(props: ColoursPanelProps) {
  const { scene, params, drawing, shared, model, changeParams, changeDrawing, changeShared } = props;
  const component = scene === null ? null : componentOf(drawing.view, scene.looked.result);
  return (
    <>
      <SwitchField
        label="All photographs together"
        inLine
        checked={params.together}
        onChange={(together) => changeParams({ together })}
      />
      <PatchesFields params={params} changeParams={changeParams} />
      <FeatureFields params={params} model={model} changeParams={changeParams} />
      {component === null ? (
        <>
          <ChoiceField
            label="Brightness"
            value={drawing.scale}
            choices={[
              { value: 'range', label: 'Whole range' },
              { value: 'sigmoid', label: 'Whitened' },
            ]}
            onChange={(scale) => changeDrawing({ scale })}
          />
          <SwitchField
            label="Without the first"
            inLine
            checked={drawing.skip}
            onChange={(skip) => changeDrawing({ skip })}
          />
        </>
      ) : (
        <ColoursField shared={shared} changeShared={changeShared} />
      )}
      <SmoothField drawing={drawing} changeDrawing={changeDrawing} />
    </>
  );
}

export const coloursView: LensView<ColoursParams, ColoursDrawing, ColoursResult> = {
  contract: coloursContract,
  icon: Palette,
  layers: layersOf,
  tiles: tilesOf,
  title: ({ drawing: { view }, looked: { result } }) =>
    view === 'colours' || componentOf(view, result) === null ? 'Colours' : componentTitle(view),
  describe,
  facts,
  Panel: ColoursPanel,
  commands: [
    {
      keys: ['0', '1', '2', '3', '4'],
      shownKeys: ['0', '4'],
      does: 'All colours, or one component',
      run: (key, { changeDrawing }) => changeDrawing({ view: key === '0' ? 'colours' : Number(key) - 1 }),
    },
  ],
};
