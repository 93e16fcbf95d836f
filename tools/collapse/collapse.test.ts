/** The experiment on the page's own photographs, shortened: the healthy training is healthy, the two others collapse. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { conditions, experimentConfiguration, judgeExperiment } from '../../src/core/collapse-experiment.ts';
import { openBackend } from '../../src/gpu/open-backend.ts';
import { root } from '../../src/testing/run-tool.ts';
import { runCondition } from '../../src/train/run-condition.ts';
import { readPhotographs } from '../finetune/read-photographs.ts';

const expected = { both: 'neither', 'no-centring': 'one-output', 'no-sharpening': 'uniform' };

test('figure 7 on the samples, two seeds', { timeout: 600_000 }, async () => {
  const { outputDim, globalCropPx } = experimentConfiguration;
  const { photographs } = await readPhotographs([join(root, 'public/samples')], globalCropPx);
  expect(photographs).toHaveLength(10);
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  for (const seed of [0, 1])
    for (const condition of conditions) {
      const reports = await runCondition(condition, photographs, opened.value.faults, { seed, steps: 120 });
      if (!reports.ok) throw new Error(JSON.stringify(reports.error));
      const end = judgeExperiment(reports.value, outputDim);
      expect(end, `${condition.title}, seed ${seed}`).toMatchObject({ kind: expected[condition.id] });
    }
});
