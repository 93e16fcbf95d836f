import { Focus } from 'lucide-react';
import type { FoundMask } from '../../core/found-mask.ts';
import type { Frame } from '../../core/frame.ts';
import type { Rgb } from '../../render/colour-maps.ts';
import { headColours } from '../../render/head-colours.ts';
import type { Layer, PatchValues } from '../../render/layers.ts';
import { ChoiceField } from '../../ui/kit/choice-field.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent, formatSigned } from '../../ui/kit/format.ts';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { SwitchField } from '../../ui/kit/switch-field.tsx';
import { featuresTitle } from '../feature-choice.ts';
import { FeatureFields } from '../feature-fields.tsx';
import { ColoursField, ContourField, SmoothField } from '../shared-controls.tsx';
import { frameOf } from '../lens-contract.ts';
import type { LensTile, LensView, PanelProps, Scene } from '../lens-view.ts';
import {
  fineFrameOf,
  objectsContract,
  type ObjectsChoice,
  type ObjectsDrawing,
  type ObjectsParams,
  type ObjectsResult,
  type ObjectsStep,
} from './contract.ts';
import { withUnit } from '../../core/with-unit.ts';

type ObjectsScene = Scene<ObjectsParams, ObjectsDrawing, ObjectsResult>;
type ObjectsPanelProps = PanelProps<ObjectsParams, ObjectsDrawing, ObjectsResult>;

const methodTitles = { tokencut: 'TokenCut', lost: 'LOST', maskcut: 'MaskCut' } as const;

const onlyColour: Rgb = [255, 255, 255];

const coloursOf = (objects: number): readonly Rgb[] => (objects > 1 ? headColours(objects) : [onlyColour]);

const objectsTitle = (objects: number): string => (objects === 1 ? 'Object' : 'Objects');

/** @returns null for the objects, also if the method has no such step */
const stepOf = (view: ObjectsChoice, { steps }: ObjectsResult): ObjectsStep | null =>
  view === 'objects' ? null : (steps[view] ?? null);

interface DrawnMasks {
  readonly frame: Frame;
  /** In the order of the objects. */
  readonly masks: readonly PatchValues[];
}

/** Masks of pixels where they were refined, else of patches. */
function masksOf(looked: ObjectsScene['looked']): DrawnMasks {
  const frame = frameOf(looked);
  const { objects, fineGrid } = looked.result;
  return {
    frame: fineGrid === null ? frame : fineFrameOf(frame, fineGrid),
    masks: objects.map(({ mask, refined }) => refined?.mask ?? mask),
  };
}

function layersOf({ looked, drawing, shared }: ObjectsScene): Layer[] {
  const patches = frameOf(looked);
  const { frame, masks } = masksOf(looked);
  const { objects, fineGrid } = looked.result;
  const { view, contour, boxes } = drawing;
  // Refined masks are sharp already.
  const smooth = drawing.smooth && fineGrid === null;
  const opacity = shared.opacityPercent / 100;
  const colours = coloursOf(objects.length);
  const colourOf = (at: number): Rgb => colours[at] ?? onlyColour;
  const outlines = masks.map((map, at): Layer => ({
    kind: 'outline',
    frame,
    map,
    share: 1,
    smooth,
    colour: colourOf(at),
  }));
  const step = stepOf(view, looked.result);
  if (step !== null) {
    const { map } = step;
    return [
      {
        kind: 'scalar',
        frame: patches,
        map,
        colours: shared.colours,
        range: null,
        smooth: drawing.smooth,
        opacity,
      },
      ...(contour ? outlines : []),
    ];
  }
  const [first, ...others] = masks;
  if (first === undefined) return [];
  const rectangles = boxes
    ? objects.map(({ box }, at): Layer => ({ kind: 'box', frame, box, colour: colourOf(at) }))
    : [];
  if (others.length === 0)
    return [
      { kind: 'veil', frame, map: first, share: 1, smooth, opacity },
      ...(contour ? outlines : []),
      ...rectangles,
    ];
  const coloured = masks.map((map, at) => ({ map, colour: colourOf(at) }));
  return [{ kind: 'masks', frame, masks: coloured, share: 1, smooth, opacity, contour }, ...rectangles];
}

function foundIn({ looked }: ObjectsScene): FoundMask[] {
  const { frame, masks } = masksOf(looked);
  return masks.map((values, at) => ({
    title: masks.length === 1 ? objectsTitle(1) : `Object ${at + 1}`,
    grid: frame,
    values,
    box: looked.result.objects[at]?.box ?? null,
  }));
}

function tilesOf(scene: ObjectsScene | null, drawing: ObjectsDrawing): LensTile<ObjectsDrawing>[] {
  const steps = scene?.looked.result.steps ?? [];
  const isStep = scene !== null && stepOf(drawing.view, scene.looked.result) !== null;
  const tile = (view: ObjectsChoice, title: string, isShown: boolean): LensTile<ObjectsDrawing> => ({
    id: String(view),
    title,
    chip: [],
    change: { view },
    isShown,
    layers: scene === null ? [] : layersOf({ ...scene, drawing: { ...drawing, view } }),
  });
  return [
    tile('objects', objectsTitle(scene?.looked.result.objects.length ?? 1), !isStep),
    ...steps.map(({ name }, at) => tile(at, name, isStep && at === drawing.view)),
  ];
}

function describe({ looked: { result }, params, drawing }: ObjectsScene): string {
  const step = stepOf(drawing.view, result);
  if (step !== null) return step.meaning;
  const { objects, features, fineGrid, rows, columns } = result;
  const by = `${methodTitles[params.method]}, by ${featuresTitle(features)}`;
  const patches = objects.reduce((sum, { mask }) => sum + mask.reduce((all, kept) => all + kept, 0), 0);
  if (objects.length === 0) return `No object, ${by}: all patches are alike, or none are.`;
  const what = countOf(objects.length, 'object');
  const isRefined = objects.some(({ refined }) => refined?.isAsGiven === false);
  const along = isRefined
    ? ' Refined along the photograph’s edges.'
    : ' The edges gave a very different mask, so the mask of patches is shown.';
  return `${what}, found without a label: ${by}. ${formatPercent(patches / (rows * columns))} of the patches.${fineGrid === null ? '' : along}`;
}

function facts({ looked: { result } }: ObjectsScene): Fact[] {
  const { objects, features, fineGrid } = result;
  const [first] = objects;
  const list: Fact[] = [
    ['Objects', String(objects.length)],
    ['Compared by', featuresTitle(features)],
  ];
  if (first !== undefined) {
    const { left, top, width, height } = first.box;
    list.push([
      'Box',
      `${width} × ${withUnit(height, 'px')} at ${left}, ${top}`,
      'Of the first object, in the photograph',
    ]);
  }
  if (fineGrid !== null) {
    const kept = objects.filter(({ refined }) => refined?.isAsGiven === false).length;
    list.push([
      'Refined',
      `${kept} of ${objects.length}, at ${fineGrid.columns} × ${withUnit(fineGrid.rows, 'px')}`,
      'A refined mask that shares less than half with the mask of patches is left out.',
    ]);
  }
  return list;
}

function ObjectsPanel(props: ObjectsPanelProps) {
  const { scene, params, drawing, shared, changeParams, changeDrawing, changeShared } = props;
  const step = scene === null ? null : stepOf(drawing.view, scene.looked.result);
  const { method, threshold, most, refine } = params;
  return (
    <>
      <ChoiceField
        label="Found by"
        value={method}
        choices={[
          { value: 'tokencut', label: 'TokenCut' },
          { value: 'lost', label: 'LOST' },
          { value: 'maskcut', label: 'MaskCut' },
        ]}
        onChange={(chosen) => {
          changeParams({ method: chosen });
          changeDrawing({ view: 'objects' });
        }}
      />
      {method === 'maskcut' && (
        <RangeField
          label="At most"
          min={1}
          max={10}
          value={most}
          display={countOf(most, 'object')}
          valueText={countOf(most, 'object')}
          onChange={(value) => changeParams({ most: value })}
        />
      )}
      {method !== 'lost' && (
        <RangeField
          label="Alike above a cosine of"
          min={-100}
          max={100}
          value={Math.round(threshold * 100)}
          display={formatSigned(threshold)}
          valueText={`a cosine of ${formatSigned(threshold)}`}
          onChange={(value) => changeParams({ threshold: value / 100 })}
        />
      )}
      <FeatureFields params={params} model={props.model} changeParams={changeParams} />
      <SwitchField
        label="Refined along edges"
        inLine
        checked={refine}
        onChange={(chosen) => changeParams({ refine: chosen })}
      />
      {step !== null && <ColoursField shared={shared} changeShared={changeShared} />}
      {(step !== null || !refine) && <SmoothField drawing={drawing} changeDrawing={changeDrawing} />}
      <ContourField drawing={drawing} changeDrawing={changeDrawing} />
      {step === null && (
        <SwitchField
          label="Box"
          inLine
          checked={drawing.boxes}
          onChange={(boxes) => changeDrawing({ boxes })}
        />
      )}
    </>
  );
}

export const objectsView: LensView<ObjectsParams, ObjectsDrawing, ObjectsResult> = {
  contract: objectsContract,
  icon: Focus,
  layers: layersOf,
  tiles: tilesOf,
  found: foundIn,
  title: ({ drawing, looked: { result } }) =>
    stepOf(drawing.view, result)?.name ?? objectsTitle(result.objects.length),
  describe,
  facts,
  Panel: ObjectsPanel,
  commands: [
    {
      keys: ['1', '2', '3'],
      does: 'TokenCut, LOST, MaskCut',
      run: (key, { changeParams, changeDrawing }) => {
        changeParams({ method: (['tokencut', 'lost', 'maskcut'] as const)[Number(key) - 1] ?? 'tokencut' });
        changeDrawing({ view: 'objects' });
      },
    },
  ],
};
