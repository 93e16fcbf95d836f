/** Keys that do the same in several lenses. */
import type { MapDrawing } from '../render/map-layers.ts';
import type { LensCommand } from './lens-view.ts';

export const styleCommand: LensCommand<object, Pick<MapDrawing, 'style'>, unknown> = {
  keys: ['h', 'k'],
  does: 'Heat map, mask',
  run: (key, { changeDrawing }) => changeDrawing({ style: key === 'h' ? 'heat' : 'mask' }),
};

const massStepPercent = 5;

export const massCommand: LensCommand<object, Pick<MapDrawing, 'mass'>, unknown> = {
  keys: ['[', ']'],
  does: 'The mask keeps less, more',
  run: (key, { drawing: { mass }, changeDrawing }) => {
    const step = key === '[' ? -massStepPercent : massStepPercent;
    changeDrawing({ mass: Math.min(99, Math.max(1, mass + step)) });
  },
};

/** Keys 1 to 9, for the heads of the network. @param change makes the change that shows a head, counted from 0 */
export const headCommand = <D>(
  does: string,
  change: (head: number) => Partial<D>,
): LensCommand<object, D, unknown> => ({
  keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
  shownKeys: ['1', '9'],
  does,
  run: (key, { model, changeDrawing }) => {
    const head = Number(key) - 1;
    if (model !== null && head < model.numHeads) changeDrawing(change(head));
  },
});
