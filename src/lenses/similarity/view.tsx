import { Magnet } from 'lucide-react';
import { largestPart } from '../../core/connected-part.ts';
import { boxOfMask, type FoundMask } from '../../core/found-mask.ts';
import type { Rgb } from '../../render/colour-maps.ts';
import type { Layer } from '../../render/layers.ts';
import { ChoiceField } from '../../ui/kit/choice-field.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatSigned } from '../../ui/kit/format.ts';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { ColourScale } from '../colour-scale.tsx';
import { featuresTitle } from '../feature-choice.ts';
import { FeatureFields } from '../feature-fields.tsx';
import { frameOf } from '../lens-contract.ts';
import type { LensView, PanelProps, Scene } from '../lens-view.ts';
import { patchTitle, queryInSentence } from '../query-title.ts';
import { styleCommand } from '../shared-commands.ts';
import { ColoursField, ContourField, SmoothField, StyleField } from '../shared-controls.tsx';
import {
  similarityContract,
  type CosineRange,
  type SimilarityDrawing,
  type SimilarityParams,
  type SimilarityResult,
} from './contract.ts';

type SimilarityScene = Scene<SimilarityParams, SimilarityDrawing, SimilarityResult>;
type SimilarityPanelProps = PanelProps<SimilarityParams, SimilarityDrawing, SimilarityResult>;

const white: Rgb = [255, 255, 255];

/** Masks by the map that they are of, so that the same one is drawn from memory. */
const masks = new WeakMap<Float32Array, { readonly above: number; readonly mask: Float32Array }>();

/** @returns 1 for patches whose cosine is above so many hundredths, else 0; shape [rows, columns] */
function maskOf({ map }: SimilarityResult, above: number): Float32Array {
  const known = masks.get(map);
  if (known?.above === above) return known.mask;
  const mask = map.map((cosine) => (cosine > above / 100 ? 1 : 0));
  masks.set(map, { above, mask });
  return mask;
}

const askedMasks = new WeakMap<SimilarityResult, Float32Array>();

/** The asked patches, where they are several. */
function askedMaskOf(result: SimilarityResult): Float32Array | null {
  const { isAsked, asked, rows, columns } = result;
  if (!isAsked || asked.length < 2) return null;
  const known = askedMasks.get(result);
  if (known !== undefined) return known;
  const mask = new Float32Array(rows * columns);
  for (const { row, column } of asked) mask[row * columns + column] = 1;
  askedMasks.set(result, mask);
  return mask;
}

const rangeOf = ({ range, askedRange }: SimilarityResult, { scale }: SimilarityDrawing): CosineRange =>
  scale === 'fixed' ? { min: 0, max: 1 } : scale === 'own' ? range : askedRange;

function layersOf({ looked, drawing, shared }: SimilarityScene): Layer[] {
  const frame = frameOf(looked);
  const { result } = looked;
  const { style, above, smooth, contour } = drawing;
  const opacity = shared.opacityPercent / 100;
  const asked = askedMaskOf(result);
  const whatIsAsked: Layer[] =
    asked === null ? [] : [{ kind: 'outline', frame, map: asked, share: 1, smooth: false, colour: white }];
  if (style === 'heat') {
    const range = rangeOf(result, drawing);
    const { colours } = shared;
    return [{ kind: 'scalar', frame, map: result.map, colours, range, smooth, opacity }, ...whatIsAsked];
  }
  const map = maskOf(result, above);
  const outline: Layer = { kind: 'outline', frame, map, share: 1, smooth, colour: white };
  return [
    { kind: 'veil', frame, map, share: 1, smooth, opacity },
    ...(contour ? [outline] : []),
    ...whatIsAsked,
  ];
}

/** The box holds the largest connected part, since single patches are alike everywhere. */
function foundIn({ looked, drawing }: SimilarityScene): FoundMask[] {
  if (drawing.style !== 'mask') return [];
  const frame = frameOf(looked);
  const values = Uint8Array.from(maskOf(looked.result, drawing.above));
  return [{ title: 'Alike', grid: frame, values, box: boxOfMask(largestPart(values, frame), frame) }];
}

/** "CLS", "patch (row 1, column 3)", "12 patches together". */
const askedInSentence = ({ asked, query }: SimilarityResult): string =>
  asked.length > 1 ? `${countOf(asked.length, 'patch', 'patches')} together` : queryInSentence(query);

function describe({ looked: { result }, drawing }: SimilarityScene): string {
  const { features, isAsked, map } = result;
  const of = isAsked ? '' : ' of another photograph';
  const what = `How alike the patches are to ${askedInSentence(result)}${of}: cosines of ${featuresTitle(features)}.`;
  if (drawing.style === 'heat') return what;
  const kept = maskOf(result, drawing.above).reduce((sum, value) => sum + value, 0);
  const patches = countOf(map.length, 'patch', 'patches');
  return `${what} ${kept} of ${patches} are above ${formatSigned(drawing.above / 100)}.`;
}

function facts({ looked: { result } }: SimilarityScene): Fact[] {
  const { features, isAsked, range, best } = result;
  return [
    ['Asked', askedInSentence(result), isAsked ? 'Of this photograph' : 'Of another photograph in the strip'],
    ['Compared by', featuresTitle(features)],
    ...(best === null
      ? []
      : ([
          [
            'Most alike',
            formatSigned(best.cosine),
            `${patchTitle(best.patch)}; the asked patches themselves are left out`,
          ],
        ] satisfies Fact[])),
    ['Least alike', formatSigned(range.min)],
  ];
}

function SimilarityPanel(props: SimilarityPanelProps) {
  const { params, drawing, changeParams, changeDrawing } = props;
  const { style, above, scale } = drawing;
  return (
    <>
      <StyleField {...props} />
      {style === 'mask' ? (
        <RangeField
          label="More alike than"
          min={-100}
          max={99}
          value={above}
          display={formatSigned(above / 100)}
          valueText={`a cosine of ${formatSigned(above / 100)}`}
          onChange={(value) => changeDrawing({ above: value })}
        />
      ) : (
        <>
          <ColoursField {...props} />
          <ChoiceField
            label="Colours run over"
            explanation={
              '“Asked”: from the smallest to the largest cosine in the photograph that is asked, so that a colour means the same in all of ' +
              'them. “Each”: in each photograph by itself.'
            }
            value={scale}
            choices={[
              { value: 'asked', label: 'Asked' },
              { value: 'own', label: 'Each' },
              { value: 'fixed', label: '0 to 1' },
            ]}
            onChange={(chosen) => changeDrawing({ scale: chosen })}
          />
        </>
      )}
      <FeatureFields params={params} model={props.model} changeParams={changeParams} />
      <SmoothField {...props} />
      {style === 'mask' && <ContourField drawing={drawing} changeDrawing={changeDrawing} />}
    </>
  );
}

function Scale({ scene, drawing }: SimilarityPanelProps) {
  if (scene === null || drawing.style === 'mask') return null;
  const { min, max } = rangeOf(scene.looked.result, drawing);
  return (
    <ColourScale
      colours={scene.shared.colours}
      of="a cosine of"
      low={formatSigned(min)}
      high={formatSigned(max)}
    />
  );
}

const aboveStep = 5;

export const similarityView: LensView<SimilarityParams, SimilarityDrawing, SimilarityResult> = {
  contract: similarityContract,
  icon: Magnet,
  question: {
    label: 'Like what?',
    explanation:
      'The patch under the pointer, as long as none is chosen. A click chooses a patch; drawing round several asks all of them together, ' +
      'by the mean of their features. Without a patch it is CLS, the network’s own token.',
    ofPatch: 'what is like it?',
  },
  layers: layersOf,
  tiles: () => [],
  found: foundIn,
  title: ({ drawing }) => (drawing.style === 'mask' ? 'Alike' : 'Similarity'),
  describe,
  facts,
  Panel: SimilarityPanel,
  Below: Scale,
  isBelowOfResult: true,
  commands: [
    styleCommand,
    {
      keys: ['[', ']'],
      does: 'The mask keeps more patches, fewer patches',
      run: (key, { drawing: { above }, changeDrawing }) => {
        const step = key === '[' ? -aboveStep : aboveStep;
        changeDrawing({ above: Math.min(99, Math.max(-100, above + step)) });
      },
    },
  ],
};
