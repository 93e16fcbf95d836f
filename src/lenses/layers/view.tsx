import { Grid3x3, Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { blocksOfMaps, type HeadMaps } from '../../attention/head-maps.ts';
import { headColours } from '../../render/head-colours.ts';
import {
  colourOfHead,
  headLayers,
  headTitle,
  headWithin,
  type HeadChoice,
  type HeadDrawing,
} from '../../render/head-layers.ts';
import type { Layer } from '../../render/layers.ts';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../../ui/kit/icon-button.tsx';
import { RangeField } from '../../ui/kit/range-field.tsx';
import { headCommand } from '../shared-commands.ts';
import { ColoursField, MassField, SmoothField, StyleField } from '../shared-controls.tsx';
import { frameOf } from '../lens-contract.ts';
import type { LensSheet, LensTile, LensView, PanelProps, Scene } from '../lens-view.ts';
import { queryInSentence } from '../query-title.ts';
import {
  layersContract,
  type LayersChoice,
  type LayersDrawing,
  type LayersParams,
  type LayersResult,
} from './contract.ts';
import { HeadPlots } from './head-plots.tsx';
import './view.css';

type LayersScene = Scene<LayersParams, LayersDrawing, LayersResult>;
type LayersPanelProps = PanelProps<LayersParams, LayersDrawing, LayersResult>;

/** The index of the drawn block, from 0. */
const blockOf = ({ block }: LayersDrawing, { depth }: { readonly depth: number }): number =>
  Math.min(block, depth) - 1;

const headDrawing = (drawing: LayersDrawing, view: HeadChoice): HeadDrawing => ({
  ...drawing,
  view,
  hidden: [],
  heatContour: false,
});

function layersOfHead({ looked, drawing, shared }: LayersScene, block: number, view: HeadChoice): Layer[] {
  const heads = blocksOfMaps(looked.result)[block] as HeadMaps;
  return headLayers(frameOf(looked), heads, headDrawing(drawing, view), shared);
}

/** What is drawn of one block. For the grid it is the mean over heads. */
const choiceOf = (view: LayersChoice, result: { readonly numHeads: number }): HeadChoice =>
  view === 'grid' ? 'mean' : headWithin(view, result);

const layersOf = (scene: LayersScene): Layer[] => {
  const { result } = scene.looked;
  return layersOfHead(scene, blockOf(scene.drawing, result), choiceOf(scene.drawing.view, result));
};

/** A row for each block, the first at the top; a column for the mean over heads, then one for each head. */
function sheetOf(scene: LayersScene): LensSheet<LayersDrawing> | null {
  if (scene.drawing.view !== 'grid') return null;
  const { depth, numHeads } = scene.looked.result;
  const views: HeadChoice[] = ['mean', ...Array.from({ length: numHeads }, (_, head) => head)];
  const blocks = Array.from({ length: depth }, (_, block) => block);
  // Small pictures are always heat maps.
  const small: LayersScene = { ...scene, drawing: { ...scene.drawing, style: 'heat' } };
  return {
    columnTitles: views.map((view) => (view === 'mean' ? 'mean' : String(Number(view) + 1))),
    rows: blocks.map((block) => ({
      title: String(block + 1),
      cells: views.map((view) => ({
        title: `Block ${block + 1}, ${headTitle(view).toLowerCase()}`,
        layers: layersOfHead(small, block, view),
      })),
    })),
    changes: blocks.map((block) => views.map((view) => ({ view, block: block + 1 }))),
  };
}

function tilesOf(
  scene: LayersScene | null,
  drawing: LayersDrawing,
  { numHeads, depth }: { readonly numHeads: number; readonly depth: number },
): LensTile<LayersDrawing>[] {
  const sizes = scene?.looked.result ?? { numHeads, depth };
  const heads = Array.from({ length: sizes.numHeads }, (_, head) => head);
  const block = blockOf(drawing, sizes);
  const shown = drawing.view === 'grid' ? 'grid' : headWithin(drawing.view, sizes);
  const tile = (view: LayersChoice, title: string): LensTile<LayersDrawing> => {
    const choice = choiceOf(view, sizes);
    return {
      id: String(view),
      title,
      chip: choice === 'all' ? headColours(heads.length) : [colourOfHead(choice, heads.length)],
      change: { view },
      isShown: view === shown,
      layers: scene === null ? [] : layersOfHead({ ...scene, drawing }, block, choice),
    };
  };
  return [
    { ...tile('grid', 'All blocks'), chip: [] },
    ...(['all', 'mean', ...heads] satisfies HeadChoice[]).map((view) => tile(view, headTitle(view))),
  ];
}

function describe(scene: LayersScene): string {
  const { result } = scene.looked;
  const { depth, numHeads, query } = result;
  const who = queryInSentence(query);
  if (scene.drawing.view === 'grid')
    return `What ${who} looks at in ${countOf(depth, 'block')} of ${countOf(numHeads, 'head')}: a row is a block, the first one above. Choose one to see it large.`;
  const view = headWithin(scene.drawing.view, result);
  const block = blockOf(scene.drawing, result) + 1;
  return `What ${who} looks at in block ${block} of ${depth}: ${headTitle(view).toLowerCase()}.`;
}

function facts({ looked: { result }, drawing }: LayersScene): Fact[] {
  const view = drawing.view === 'grid' ? 'grid' : headWithin(drawing.view, result);
  if (typeof view !== 'number') return [];
  const at = blockOf(drawing, result) * result.numHeads + view;
  const format = (value: number | undefined): string => (value ?? NaN).toFixed(2);
  const own: Fact = [
    'Entropy of this row',
    `${format(result.ownEntropy[at])} nats`,
    '0 where it looks at one token; the more tokens, the higher.',
  ];
  return result.measured === null
    ? [own]
    : [
        own,
        [
          'Entropy of the head',
          `${format(result.measured.entropy[at])} nats`,
          'Mean over all tokens that look.',
        ],
        [
          'Mean attention distance',
          `${format(result.measured.distance[at])} patches`,
          'How far patches look, mean over all of them (Raghu et al., 2021).',
        ],
      ];
}

/** Time for each block while the blocks are played. */
const playStepMs = 700;

function BlockField({ drawing, model, scene, changeDrawing }: LayersPanelProps) {
  const [isPlaying, setIsPlaying] = useState(false);
  const depth = scene?.looked.result.depth ?? model?.depth ?? 1;
  const block = Math.min(drawing.block, depth);
  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setTimeout(() => changeDrawing({ block: (block % depth) + 1 }), playStepMs);
    return () => clearTimeout(timer);
  }, [isPlaying, block, depth, changeDrawing]);
  const play = (): void => {
    if (!isPlaying && drawing.view === 'grid') changeDrawing({ view: 'mean', block: 1 });
    setIsPlaying(!isPlaying);
  };
  return (
    <div className="layers-block">
      <RangeField
        label="Block"
        min={1}
        max={depth}
        value={block}
        display={block === depth ? `${block}, the last` : String(block)}
        valueText={`block ${block} of ${depth}`}
        onChange={(value) =>
          changeDrawing(drawing.view === 'grid' ? { view: 'mean', block: value } : { block: value })
        }
      />
      <IconButton
        icon={isPlaying ? Pause : Play}
        label={isPlaying ? 'Stop going through the blocks' : 'Go through the blocks'}
        onClick={play}
      />
    </div>
  );
}

function LayersPanel(props: LayersPanelProps) {
  const { scene, drawing } = props;
  const view =
    drawing.view === 'grid' || scene === null ? drawing.view : headWithin(drawing.view, scene.looked.result);
  const isHeat = view === 'grid' || (view !== 'all' && drawing.style === 'heat');
  return (
    <>
      <BlockField {...props} />
      {view !== 'all' && view !== 'grid' && <StyleField {...props} />}
      {isHeat ? <ColoursField {...props} /> : <MassField {...props} />}
      <SmoothField {...props} />
    </>
  );
}

/** Plots of every head's entropy and attention distance. */
function More({ scene, changeDrawing }: LayersPanelProps) {
  if (scene === null || scene.looked.result.measured === null) return null;
  return (
    <HeadPlots
      result={scene.looked.result}
      onChoose={(block, head) => changeDrawing({ view: head, block: block + 1 })}
    />
  );
}

export const layersView: LensView<LayersParams, LayersDrawing, LayersResult> = {
  contract: layersContract,
  icon: Grid3x3,
  layers: layersOf,
  sheet: sheetOf,
  tiles: tilesOf,
  title: ({ drawing, looked: { result } }) => {
    if (drawing.view === 'grid') return 'All blocks and heads';
    return `Block ${blockOf(drawing, result) + 1} ${headTitle(headWithin(drawing.view, result))}`;
  },
  describe,
  facts,
  Panel: LayersPanel,
  More,
  commands: [
    {
      keys: ['0', 'a'],
      does: 'All blocks and heads',
      run: (_, { changeDrawing }) => changeDrawing({ view: 'grid' }),
    },
    {
      keys: ['e'],
      does: 'Mean over the heads of a block',
      run: (_, { changeDrawing }) => changeDrawing({ view: 'mean' }),
    },
    headCommand<LayersDrawing>('Head 1 to head 9 of a block', (head) => ({ view: head })),
    {
      keys: [',', '.'],
      does: 'The block before, the next one',
      run: (key, { drawing, model, changeDrawing }) => {
        const depth = model?.depth ?? 1;
        const block = Math.min(drawing.block, depth) + (key === ',' ? -1 : 1);
        const view = drawing.view === 'grid' ? 'mean' : drawing.view;
        changeDrawing({ view, block: Math.min(depth, Math.max(1, block)) });
      },
    },
  ],
};
