import type * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { fusions } from '../../core/rollout-options.ts';
import { fuseHeads } from '../../vit/plain-block-layers.ts';
import { fuseHeadsKernel } from './fuse-heads.ts';
import { openForKernels, randomTensor } from './kernel.suite.ts';

const check = openForKernels();

test.each(
  fusions.flatMap((fusion) =>
    [
      [1, 5, 9],
      [3, 1, 64],
      [6, 197, 197],
      [12, 7, 130],
    ].map(([heads = 0, queries = 0, tokens = 0]) => [fusion, heads, queries, tokens] as const),
  ),
)('%s of %i heads, %i queries, %i tokens', async (fusion, numHeads, queries, tokens) => {
  const rows = randomTensor<tf.Rank.R2>([numHeads * queries, tokens], 1);
  await check(
    [rows],
    () => fuseHeadsKernel.run({ rows }, { numHeads, fusion }),
    () => fuseHeads(rows, numHeads, fusion),
  );
  expect.hasAssertions();
});
