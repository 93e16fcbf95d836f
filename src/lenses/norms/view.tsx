import { Ruler } from 'lucide-react';
import type { Layer } from '../../render/layers.ts';
import { ChoiceField } from '../../ui/kit/choice-field.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { formatPercent } from '../../ui/kit/format.ts';
import { blockIndex } from '../block-choice.ts';
import { ColourScale } from '../colour-scale.tsx';
import { frameOf } from '../lens-contract.ts';
import type { LensView, PanelProps, Scene } from '../lens-view.ts';
import { BlockField, ColoursField, SmoothField } from '../shared-controls.tsx';
import {
  normsContract,
  outlierFactor,
  type NormsDrawing,
  type NormsParams,
  type NormsResult,
} from './contract.ts';

type NormsScene = Scene<NormsParams, NormsDrawing, NormsResult>;
type NormsPanelProps = PanelProps<NormsParams, NormsDrawing, NormsResult>;

const layersOf = ({ looked, drawing: { smooth }, shared }: NormsScene): Layer[] => [
  {
    kind: 'scalar',
    frame: frameOf(looked),
    map: looked.result.map,
    colours: shared.colours,
    range: null,
    smooth,
    opacity: shared.opacityPercent / 100,
  },
];

/** Three digits. */
const formatNorm = (norm: number): string =>
  norm < 99.95 ? String(Number(norm.toPrecision(3))) : norm.toFixed(0);

/** Which tokens: "block 3", "block 12, before the final norm". */
function tokensTitle({ block, depth, isAfterFinalNorm }: NormsResult): string {
  const where = isAfterFinalNorm ? 'after' : 'before';
  return block === depth - 1 ? `block ${block + 1}, ${where} the final norm` : `block ${block + 1}`;
}

function describe({ looked: { result } }: NormsScene): string {
  const { median, outliers, map } = result;
  const patches = countOf(map.length, 'patch', 'patches');
  return (
    `The L2 norm of each patch’s token after ${tokensTitle(result)}. ` +
    `${outliers} of ${patches} (${formatPercent(outliers / map.length)}) are longer than ` +
    `${outlierFactor} times the median, ${formatNorm(median)}.`
  );
}

function facts({ looked: { result } }: NormsScene): Fact[] {
  const { min, median, max, outliers, map, specialNorms } = result;
  const [cls = NaN, ...registers] = specialNorms;
  const list: Fact[] = [
    ['Smallest norm', formatNorm(min), 'Of all patches.'],
    ['Median norm', formatNorm(median), 'Half of the patches are shorter.'],
    ['Largest norm', formatNorm(max), 'Of all patches.'],
    [
      'Outliers',
      formatPercent(outliers / map.length),
      `The share of patches that are longer than ${outlierFactor} times the median.`,
    ],
    ['Norm of CLS', formatNorm(cls), 'It is on no patch.'],
  ];
  if (registers.length > 0)
    list.push(['Norms of registers', registers.map(formatNorm).join(', '), 'They are on no patch.']);
  return list;
}

function NormsPanel(props: NormsPanelProps) {
  const { params, model, changeParams } = props;
  return (
    <>
      <BlockField {...props} />
      {model !== null && blockIndex(params.block, model) === model.depth - 1 && (
        <ChoiceField
          label="The network’s final norm"
          value={params.finalNorm}
          choices={[
            { value: 'before', label: 'Before it' },
            { value: 'after', label: 'After it' },
          ]}
          note="After the last block every token is scaled once more; outliers show before that."
          onChange={(finalNorm) => changeParams({ finalNorm })}
        />
      )}
      <ColoursField {...props} />
      <SmoothField {...props} />
    </>
  );
}

function Scale({ scene }: NormsPanelProps) {
  if (scene === null) return null;
  const { min, max } = scene.looked.result;
  return (
    <ColourScale colours={scene.shared.colours} of="the norm" low={formatNorm(min)} high={formatNorm(max)} />
  );
}

export const normsView: LensView<NormsParams, NormsDrawing, NormsResult> = {
  contract: normsContract,
  icon: Ruler,
  layers: layersOf,
  tiles: () => [],
  title: ({ looked: { result } }) => tokensTitle(result).replace('b', 'B'),
  describe,
  facts,
  Panel: NormsPanel,
  Below: Scale,
  isBelowOfResult: true,
  commands: [
    {
      keys: [',', '.'],
      does: 'The block before, the next one',
      run: (key, { params, model, changeParams }) => {
        if (model === null) return;
        const block = blockIndex(params.block, model) + 1 + (key === ',' ? -1 : 1);
        changeParams({ block: block >= model.depth ? 'last' : Math.max(1, block) });
      },
    },
    {
      keys: ['n'],
      does: 'The last block’s tokens before or after the final norm',
      run: (_, { params, changeParams }) =>
        changeParams({ finalNorm: params.finalNorm === 'before' ? 'after' : 'before' }),
    },
  ],
};
