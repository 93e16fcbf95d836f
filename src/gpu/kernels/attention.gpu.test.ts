import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { plainBlockLayers } from '../../vit/plain-block-layers.ts';
import { attentionKernel } from './attention.ts';
import { queryRowsKernel } from './query-rows.ts';
import { attentionName } from './attention-code.ts';
import { attendsOn, attentionVariants, currentDevice } from './variants.ts';
import { setTuning, untuned } from './tuning.ts';

const check = openForKernels();
const plain = plainBlockLayers(2 ** 25);

/** [channels, heads], for head widths from 4 to 128. */
const shapes = [
  [24, 1],
  [24, 2],
  [24, 6],
  [36, 1],
  [36, 3],
  [128, 1],
  [128, 2],
  [384, 3],
  [384, 6],
] as const;
const sizes = [
  ...[1, 2, 197].flatMap((tokens) => shapes.map((shape) => [tokens, ...shape] as const)),
  [533, 24, 2],
  [533, 36, 3],
  [533, 384, 6],
] as const;

/** Compares the kernel with the plain pass. */
async function checkMixing(tokens: number, channels: number, numHeads: number): Promise<void> {
  const qkv = randomTensor<tf.Rank.R2>([tokens, 3 * channels], 1);
  await check(
    [qkv],
    () => attentionKernel.run({ qkv }, { numHeads }),
    () => plain.selfAttention(qkv, numHeads),
  );
}

describe.each(sizes)('%i tokens of %i channels in %i heads', (tokens, channels, numHeads) => {
  test('mixed values', async () => {
    await checkMixing(tokens, channels, numHeads);
    expect.hasAssertions();
  });

  test.each([1, 5])('rows of %i queries', async (count) => {
    const queries = randomTensor<tf.Rank.R2>([count, channels], 2);
    const keys = randomTensor<tf.Rank.R2>([tokens, channels], 3);
    await check(
      [queries, keys],
      () => queryRowsKernel.run({ queries, keys }, { numHeads }),
      () => plain.queryRows(queries, keys, numHeads),
    );
    expect.hasAssertions();
  });
});

// With whole numbers and a scale of 1/4 the scores are exact, and the order of summation does not change them.
test.each([1, 10, 100])('scores of up to thousands do not overflow: values of about %i', async (size) => {
  const qkv = tf.tidy(() => tf.round<tf.Tensor2D>(tf.mul(randomTensor<tf.Rank.R2>([197, 3 * 48], 4), size)));
  await check(
    [qkv],
    () => attentionKernel.run({ qkv }, { numHeads: 3 }),
    () => plain.selfAttention(qkv, 3),
  );
  expect.hasAssertions();
});

describe.each(attentionVariants)('$queries queries an invocation, keys $keys', (variant) => {
  beforeAll(() => setTuning(tf.backend(), { ...untuned, attention: variant }));
  afterAll(() => setTuning(tf.backend(), untuned));

  // Numbers of tokens that are not multiples of the queries and keys processed together.
  test.for([
    [1, 128, 4],
    [3, 128, 2],
    [66, 36, 3],
    [197, 128, 4],
  ] as const)('%i tokens of %i channels in %i heads', async ([tokens, channels, numHeads], context) => {
    if (!attendsOn(currentDevice(), variant)) {
      console.warn(`${attentionName(variant)} is not checked: this adapter has no subgroups`);
      context.skip();
    }
    await checkMixing(tokens, channels, numHeads);
    expect.hasAssertions();
  });
});
