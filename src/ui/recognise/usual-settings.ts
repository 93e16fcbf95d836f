import type { ModelDescription } from '../../core/model.ts';
import type { FeatureSettings } from '../../core/recognition.ts';

const officialSidePx = 224;

/** As the official k-NN script: the last block, and a square of 224 px, or the next multiple of the patch, cut from the middle. */
const usualSettings = ({ depth, patchSizePx }: ModelDescription): FeatureSettings => ({
  block: depth,
  framing: 'official',
  sidePx: patchSizePx * Math.ceil(officialSidePx / patchSizePx),
});

/** What was chosen, perhaps for a network with more blocks, or else the usual. */
export const settingsFor = (chosen: FeatureSettings | null, model: ModelDescription): FeatureSettings =>
  chosen === null ? usualSettings(model) : { ...chosen, block: Math.min(chosen.block, model.depth) };
