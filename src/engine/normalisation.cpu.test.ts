/** Networks that were trained with another normalisation than ImageNet's, from the photograph's bytes to PyTorch's numbers. */
import { expect, test } from 'vitest';
import reference from '../../tools/reference/fixtures/normalisation.json';
import { bytesOfBase64, floatsOfBase64 } from '../core/base64.ts';
import type { CheckpointHints } from '../core/model.ts';
import { normalisePixels } from '../media/prepare-input.ts';
import { openCheckpoint } from '../models/open-checkpoint.ts';
import { openFixture } from '../testing/checkpoint-fixtures.ts';
import { attentionDifference, traceDifference } from '../vit/compare-attention.ts';
import { openTraceBackend, TracedModel } from './trace-model.ts';

interface Stated {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const byLevels = ({ mean, std }: Stated): CheckpointHints['preprocessor'] => ({
  image_mean: mean.map((value) => value * 255),
  image_std: std.map((value) => value * 255),
  rescale_factor: 1,
});
const kinds: readonly (readonly [string, (stated: Stated) => CheckpointHints])[] = [
  ['timm’s config', ({ mean, std }) => ({ config: { architecture: 'vit', pretrained_cfg: { mean, std } } })],
  ['timm’s older config', ({ mean, std }) => ({ config: { mean, std } })],
  ['the preprocessor', ({ mean, std }) => ({ preprocessor: { image_mean: mean, image_std: std } })],
  ['the preprocessor, with another scale', (stated) => ({ preprocessor: byLevels(stated) })],
];

test.each(
  kinds.flatMap(([kind, hintsOf]) => reference.cases.map((each) => [kind, hintsOf(each), each] as const)),
)('by %s %j', async (_, hints, { clsAttention, clsFeature }) => {
  const backend = await openTraceBackend('cpu');
  if (!backend.ok) throw new Error(JSON.stringify(backend.error));
  const opened = await openCheckpoint(await openFixture('dino.pth'), { numHeads: 3, ...hints });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const levels = bytesOfBase64(reference.levels);
  const input = new Float32Array(levels.length);
  normalisePixels(levels, input);
  const model = new TracedModel(backend.value, opened.value);
  try {
    const { attention, trace } = await model.run(input, reference);
    const expected = {
      clsAttention: { shape: clsAttention.shape, values: floatsOfBase64(clsAttention.values) },
      registerAttention: new Float32Array(),
      clsFeature: floatsOfBase64(clsFeature.values),
    };
    expect(attentionDifference(attention, expected)).toBeLessThanOrEqual(1e-5);
    expect(traceDifference(trace, expected).feature).toBeLessThanOrEqual(1e-4);
  } finally {
    model.dispose();
  }
});
