import { expect, test } from 'vitest';
import { presetOf } from '../core/training-presets.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { estimateTrainingMemory } from './memory-estimate.ts';

// `npm run bench -- train` measures these peaks; they follow from sizes and not from the machine.
test.each([
  ['ViT-S/16, batch 1, two local crops', { batchSize: 1, localCrops: 2 }, 659],
  ['ViT-S/16, batch 2, six local crops', { batchSize: 2, localCrops: 6 }, 744],
])('%s: within a tenth of what the bench measured', (_, change, measuredMB) => {
  const configuration = { ...presetOf('adapt-vit-s16').configuration, ...change };
  const { totalBytes } = estimateTrainingMemory(vitSmall16, configuration);
  expect(Math.abs(totalBytes / 1e6 / measuredMB - 1)).toBeLessThan(0.1);
});
