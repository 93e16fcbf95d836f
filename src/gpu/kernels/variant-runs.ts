/** What timing will run of a model's kernels, for whoever has them compiled before. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../../core/architecture.ts';
import { attentionKernel } from './attention.ts';
import { rememberTuning } from './timed-choice.ts';
import { setTuning, untuned, type Tuning } from './tuning.ts';
import { difference, linearTrial, withAttention, withLinear, zeros, type Trial } from './variant-trials.ts';
import {
  attentionVariantsFor,
  fewTokens,
  hasVariants,
  linearShapes,
  linearVariantsHere,
  spills,
  storages,
  tokenCounts,
} from './variants.ts';

/**
 * What `timeKernels` runs of a model's variants, one by one in its order, for whoever has them compiled before; without those that
 * spill, which take seconds to compile where timing is over before their turn. Which variants are in force is afterwards as it was.
 * @returns synchronous functions, to be run in a tidy; none where there are no kernels to choose from
 */
export function variantRuns(architecture: VitArchitecture): (() => void)[] {
  if (!hasVariants(architecture)) return [];
  const { embedDim, numHeads } = architecture;
  const vectors = embedDim / numHeads / 4;
  const runWith = (tuning: Tuning, trial: () => Trial) => (): void => {
    const putBack = rememberTuning();
    setTuning(tf.backend(), tuning);
    try {
      difference(trial());
    } finally {
      putBack();
    }
  };
  const attentionTrial = (): Trial => {
    const qkv = tf.zeros<tf.Rank.R2>([fewTokens, 3 * embedDim]);
    const run = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
    return { run, expected: run };
  };
  const shapes = linearShapes(architecture);
  return [
    ...attentionVariantsFor(vectors)
      .filter((queries) => !spills(queries, vectors))
      .map((queries) => runWith(withAttention(queries), attentionTrial)),
    // tfjs chooses its own product, which ours is compared with, by the number of tokens and the shape.
    ...shapes.flatMap(([depth, columns]) =>
      tokenCounts.map((tokens) =>
        runWith(untuned, () => linearTrial(tokens, depth, columns, 'float32', zeros)),
      ),
    ),
    // Ours are the same for all shapes, but that tfjs compiles anew where the input has the output's, and where one row of workgroups is
    // enough.
    ...[shapes[0], shapes[3]].flatMap(([depth, columns]) =>
      storages.flatMap((storage) =>
        linearVariantsHere().flatMap((variant) =>
          tokenCounts.map((tokens) =>
            runWith(withLinear(variant), () => linearTrial(tokens, depth, columns, storage, zeros)),
          ),
        ),
      ),
    ),
  ];
}
