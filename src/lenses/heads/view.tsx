import { Layers2 } from 'lucide-react';
import { headMapsOf } from '../../attention/head-maps.ts';
import type { FoundMask } from '../../core/found-mask.ts';
import {
  colourOfHead,
  headLayers,
  headTitle,
  headWithin,
  mapOf,
  showsMask,
  type HeadChoice,
  type HeadDrawing,
} from '../../render/head-layers.ts';
import { headColours } from '../../render/head-colours.ts';
import { thresholdOf } from '../../render/map-drawing.ts';
import { countOf } from '../../core/count-of.ts';
import { formatPercent } from '../../ui/kit/format.ts';
import { ColourChip } from '../../ui/kit/colour-chip.tsx';
import type { Fact } from '../../ui/kit/fact-list.tsx';
import { SwitchField } from '../../ui/kit/switch-field.tsx';
import { headCommand, massCommand, styleCommand } from '../shared-commands.ts';
import { BlockField, ColoursField, MassField, SmoothField, StyleField } from '../shared-controls.tsx';
import { frameOf } from '../lens-contract.ts';
import { foundByMass } from '../mass-found.ts';
import type { LensTile, LensView, PanelProps, Scene } from '../lens-view.ts';
import { isCls, queryInSentence } from '../query-title.ts';
import { headsContract, type HeadsParams, type HeadsResult } from './contract.ts';
import { withUnit } from '../../core/with-unit.ts';
import './view.css';

type HeadsScene = Scene<HeadsParams, HeadDrawing, HeadsResult>;
type HeadsPanelProps = PanelProps<HeadsParams, HeadDrawing, HeadsResult>;

function tilesOf(
  scene: HeadsScene | null,
  drawing: HeadDrawing,
  { numHeads }: { readonly numHeads: number },
): LensTile<HeadDrawing>[] {
  const heads = Array.from({ length: scene?.looked.result.numHeads ?? numHeads }, (_, head) => head);
  const shown = headWithin(drawing.view, { numHeads: heads.length });
  return (['all', 'mean', ...heads] satisfies HeadChoice[]).map((view): LensTile<HeadDrawing> => ({
    id: String(view),
    title: headTitle(view),
    chip: view === 'all' ? headColours(heads.length) : [colourOfHead(view, heads.length)],
    change: { view },
    isShown: view === shown,
    layers: scene === null ? [] : layersOf({ ...scene, drawing: { ...drawing, view } }),
  }));
}

const layersOf = (scene: HeadsScene) =>
  headLayers(frameOf(scene.looked), scene.looked.result, scene.drawing, scene.shared);

/** The masks that are shown: of all heads that are not left out, or of the one that is drawn as a mask. */
function foundIn({ looked, drawing }: HeadsScene): FoundMask[] {
  if (!showsMask(drawing)) return [];
  const { result } = looked;
  const { hidden, mass } = drawing;
  const view = headWithin(drawing.view, result);
  const found = (shown: number | 'mean'): FoundMask =>
    foundByMass(frameOf(looked), headTitle(shown), mapOf(result, shown), mass);
  if (view !== 'all') return [found(view)];
  return headMapsOf(result).flatMap((_, head) => (hidden.includes(head) ? [] : [found(head)]));
}

/** "142 of 1200 patches": what the mask of one head, or of the mean, keeps; null if all heads are shown. */
function keptOf({ looked: { result }, drawing: { view, mass } }: HeadsScene): string | null {
  const shown = headWithin(view, result);
  if (shown === 'all') return null;
  const { keptPatches } = thresholdOf(mapOf(result, shown), mass / 100);
  return `${keptPatches} of ${countOf(result.rows * result.columns, 'patch', 'patches')}`;
}

/** Names the asked token and the block. Empty for CLS in the last block of a network without registers. */
function whose({ looked: { result }, params }: HeadsScene): string {
  const { query, numRegisters, block } = result;
  const where = params.block === 'last' ? '' : ` in block ${block + 1}`;
  if (isCls(query) && numRegisters === 0 && where === '') return '';
  return `What ${queryInSentence(query)} looks at${where}. `;
}

function describe(scene: HeadsScene): string {
  const { result } = scene.looked;
  const { mass, hidden } = scene.drawing;
  const shown = headWithin(scene.drawing.view, result);
  if (shown === 'all') {
    const left = result.numHeads - hidden.filter((head) => head < result.numHeads).length;
    const some = left === result.numHeads ? '' : ` ${left} of ${countOf(result.numHeads, 'head')} are shown.`;
    return `${whose(scene)}Each colour is a head, where ${withUnit(mass, '%')} of its attention lies.${some}`;
  }
  const keeps = `${withUnit(mass, '%')} of its attention lies on ${keptOf(scene)}`;
  const subject = shown === 'mean' ? `The mean over ${countOf(result.numHeads, 'head')}` : headTitle(shown);
  return `${whose(scene)}${subject}: ${keeps}.`;
}

/** @param shares one for each head */
function shareFact(name: string, shares: readonly number[], possessive: string): Fact {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const each = shares.map((share, head) => `${headTitle(head)}: ${formatPercent(share)}`).join(', ');
  return [name, formatPercent(mean), `The share of ${possessive} attention that is on no map. ${each}`];
}

/** The attention of the asked token to CLS and to the registers, which is on no map. */
function facts({ looked: { result } }: HeadsScene): Fact[] {
  const { numHeads, numRegisters, specialShares, query } = result;
  const possessive = query.patch !== null ? 'the patch’s' : query.token === 0 ? 'CLS’s' : 'the register’s';
  const sums = (begin: number, end: number): number[] =>
    Array.from({ length: numHeads }, (_, head) => {
      const first = head * (1 + numRegisters);
      return specialShares.subarray(first + begin, first + end).reduce((sum, share) => sum + share, 0);
    });
  const name = isCls(query) ? 'Attention on itself' : 'Attention on CLS';
  const onCls = shareFact(name, sums(0, 1), possessive);
  return numRegisters === 0
    ? [onCls]
    : [onCls, shareFact('Attention on registers', sums(1, 1 + numRegisters), possessive)];
}

function HeadsPanel(props: HeadsPanelProps) {
  const { scene, drawing, changeDrawing } = props;
  const view = scene === null ? drawing.view : headWithin(drawing.view, scene.looked.result);
  const isHeat = view !== 'all' && drawing.style === 'heat';
  const shown = { ...drawing, view };
  const kept = scene === null ? null : keptOf(scene);
  return (
    <>
      <BlockField {...props} />
      {view !== 'all' && <StyleField {...props} />}
      {isHeat && <ColoursField {...props} />}
      {showsMask(shown) && <MassField {...props} kept={kept} />}
      <SmoothField {...props} />
      <SwitchField
        inLine
        label="Contour"
        checked={isHeat ? drawing.heatContour : drawing.contour}
        onChange={(checked) => changeDrawing(isHeat ? { heatContour: checked } : { contour: checked })}
      />
    </>
  );
}

/** The heads with their colours; each can be switched off. */
function Legend({ scene, drawing, changeDrawing }: HeadsPanelProps) {
  if (scene === null || headWithin(drawing.view, scene.looked.result) !== 'all') return null;
  const { numHeads } = scene.looked.result;
  const heads = Array.from({ length: numHeads }, (_, head) => head);
  const { hidden } = drawing;
  const areAllShown = !heads.some((head) => hidden.includes(head));
  return (
    <fieldset className="heads-legend">
      <legend className="visually-hidden">Heads in the picture</legend>
      {heads.map((head) => (
        <label key={head} className="heads-legend-item">
          <input
            type="checkbox"
            className="covering-input"
            checked={!hidden.includes(head)}
            aria-label={headTitle(head)}
            onChange={({ currentTarget: { checked } }) =>
              changeDrawing({
                hidden: checked ? hidden.filter((other) => other !== head) : [...hidden, head],
              })
            }
          />
          <ColourChip colours={[colourOfHead(head, numHeads)]} />
          <span aria-hidden="true">{headTitle(head)}</span>
        </label>
      ))}
      <button
        type="button"
        className="heads-legend-all"
        onClick={() => changeDrawing({ hidden: areAllShown ? heads : [] })}
      >
        {areAllShown ? 'None' : 'All'}
      </button>
    </fieldset>
  );
}

export const headsView: LensView<HeadsParams, HeadDrawing, HeadsResult> = {
  contract: headsContract,
  icon: Layers2,
  layers: layersOf,
  tiles: tilesOf,
  found: foundIn,
  title: ({ drawing, looked: { result } }) => headTitle(headWithin(drawing.view, result)),
  describe,
  facts,
  Panel: HeadsPanel,
  Below: Legend,
  commands: [
    { keys: ['0', 'a'], does: 'All heads', run: (_, { changeDrawing }) => changeDrawing({ view: 'all' }) },
    {
      keys: ['e'],
      does: 'Mean over the heads',
      run: (_, { changeDrawing }) => changeDrawing({ view: 'mean' }),
    },
    headCommand<HeadDrawing>('Head 1 to head 9', (head) => ({ view: head })),
    styleCommand,
    massCommand,
  ],
};
