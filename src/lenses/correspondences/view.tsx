import { Spline } from 'lucide-react';
import type { Rgb } from '../../render/colour-maps.ts';
import { headColours } from '../../render/head-colours.ts';
import type { Beside } from '../../render/pair.ts';
import { ColourChip } from '../../ui/kit/colour-chip.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent, formatSigned } from '../../ui/kit/format.ts';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { SwitchField } from '../../ui/kit/switch-field.tsx';
import { featuresTitle } from '../feature-choice.ts';
import { FeatureFields } from '../feature-fields.tsx';
import type { LensView, PanelProps, Scene } from '../lens-view.ts';
import {
  correspondencesContract,
  type CorrespondencesDrawing,
  type CorrespondencesParams,
  type CorrespondencesResult,
} from './contract.ts';
import { withUnit } from '../../core/with-unit.ts';
import './view.css';

type CorrespondencesScene = Scene<CorrespondencesParams, CorrespondencesDrawing, CorrespondencesResult>;
type CorrespondencesPanelProps = PanelProps<
  CorrespondencesParams,
  CorrespondencesDrawing,
  CorrespondencesResult
>;

/** A colour for each pair, in its place. */
const coloursOf = ({ pairs }: CorrespondencesResult): readonly Rgb[] => headColours(pairs.length);

function besideOf({ looked, drawing, shared }: CorrespondencesScene): Beside | null {
  const [, second] = looked.passes;
  if (second === undefined) return null;
  const colours = coloursOf(looked.result);
  return {
    frame: second.frame,
    layers: [],
    links: looked.result.pairs.map(({ first, second: other }, at) => ({
      first,
      second: other,
      label: String(at + 1),
      colour: colours[at] as Rgb,
    })),
    lineOpacity: drawing.lines ? shared.opacityPercent / 100 : 0,
  };
}

function describe({ looked: { result }, params }: CorrespondencesScene): string {
  const { found, pairs, features } = result;
  if (found === null) return 'It takes a second photograph: add one.';
  const salient =
    params.salience === 0
      ? ''
      : `, ${found.salient} of them where CLS looks in both (above ${withUnit(params.salience, '%')} of its attention’s range)`;
  const shown = pairs.length === 0 ? 'None is shown.' : `${countOf(pairs.length, 'pair')} shown.`;
  return (
    `${countOf(found.mutual, 'pair')} of patches are each other’s nearest by the ${featuresTitle(features)}${params.surroundings ? ' with their surroundings' : ''}` +
    `${salient}. ${shown}`
  );
}

function facts({ looked: { result } }: CorrespondencesScene): Fact[] {
  const { features, found, pairs } = result;
  if (found === null) return [['Compared by', featuresTitle(features)]];
  const mean = pairs.reduce((sum, { cosine }) => sum + cosine, 0) / pairs.length;
  return [
    ['Compared by', featuresTitle(features)],
    ['Mutual nearest', String(found.mutual), 'Pairs of patches, each of which is the other’s nearest.'],
    ['Salient', String(found.salient), 'Those of them with CLS’s attention at both ends.'],
    [
      'Shown',
      String(pairs.length),
      'Pairs are clustered by their features; of each cluster the most salient pair is shown.',
    ],
    ...(pairs.length === 0
      ? []
      : ([['Mean cosine', formatSigned(mean), 'Of those shown.']] satisfies Fact[])),
  ];
}

function CorrespondencesPanel({
  params,
  drawing,
  model,
  changeParams,
  changeDrawing,
}: CorrespondencesPanelProps) {
  const { pairs, salience, surroundings } = params;
  return (
    <>
      <RangeField
        label="Pairs"
        min={1}
        max={50}
        value={pairs}
        display={`at most ${pairs}`}
        valueText={`at most ${countOf(pairs, 'pair')}`}
        onChange={(value) => changeParams({ pairs: value })}
      />
      <RangeField
        label="Where CLS looks"
        explanation={
          'Both ends of a pair must be above this: 0 is the patch with the least of CLS’s attention, 100 the one with the most. At 0 all patches count.'
        }
        min={0}
        max={95}
        value={salience}
        display={`above ${withUnit(salience, '%')}`}
        valueText={`above ${salience} per cent of the range of its attention`}
        onChange={(value) => changeParams({ salience: value })}
      />
      <FeatureFields params={params} model={model} changeParams={changeParams} />
      <SwitchField
        label="With their surroundings"
        inLine
        checked={surroundings}
        onChange={(chosen) => changeParams({ surroundings: chosen })}
      />
      <SwitchField
        label="Lines"
        inLine
        checked={drawing.lines}
        onChange={(lines) => changeDrawing({ lines })}
      />
    </>
  );
}

const placeOf = ({ row, column }: { readonly row: number; readonly column: number }): string =>
  `${row + 1}, ${column + 1}`;

/** Each pair's numbers. */
function PairTable({ scene }: CorrespondencesPanelProps) {
  if (scene === null || scene.looked.result.pairs.length === 0) return null;
  const { result } = scene.looked;
  const colours = coloursOf(result);
  return (
    <div className="pair-table">
      <table>
        <caption className="visually-hidden">Pairs, the most salient first</caption>
        <thead>
          <tr>
            <th scope="col">Pair</th>
            <th scope="col">Row, column</th>
            <th scope="col">In the other</th>
            <th scope="col">Cosine</th>
            <th scope="col">Saliency</th>
          </tr>
        </thead>
        <tbody>
          {result.pairs.map(({ first, second, cosine, saliency }, at) => (
            <tr key={`${placeOf(first)} ${placeOf(second)}`}>
              <th scope="row">
                <ColourChip colours={[colours[at] as Rgb]} /> {at + 1}
              </th>
              <td>{placeOf(first)}</td>
              <td>{placeOf(second)}</td>
              <td>{formatSigned(cosine, 3)}</td>
              <td>{formatPercent(saliency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const pairsStep = 5;

export const correspondencesView: LensView<
  CorrespondencesParams,
  CorrespondencesDrawing,
  CorrespondencesResult
> = {
  contract: correspondencesContract,
  icon: Spline,
  layers: () => [],
  beside: besideOf,
  tiles: () => [],
  title: ({ looked: { result } }) => countOf(result.pairs.length, 'pair'),
  describe,
  facts,
  Panel: CorrespondencesPanel,
  More: PairTable,
  commands: [
    {
      keys: ['[', ']'],
      does: 'Fewer pairs, more pairs',
      run: (key, { params: { pairs }, changeParams }) => {
        const step = key === '[' ? -pairsStep : pairsStep;
        changeParams({ pairs: Math.min(50, Math.max(1, pairs + step)) });
      },
    },
  ],
};
