/** The kernels that timing will run for a model, so that they can be compiled in advance. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../../core/architecture.ts';
import { attentionKernel } from './attention.ts';
import { rememberTuning } from './timed-choice.ts';
import { setTuning, untuned, type Tuning } from './tuning.ts';
import {
  difference,
  linearNormTrial,
  linearTrial,
  withAttention,
  withLinear,
  withLinearNorm,
  zeros,
  type Trial,
} from './variant-trials.ts';
import {
  attendsOn,
  attentionVariantsFor,
  currentDevice,
  fewTokens,
  hasVariants,
  linearShapes,
  linearVariantsHere,
  normShapes,
  normVariantsHere,
  spills,
  storages,
  tokenCounts,
} from './variants.ts';

/**
 * The runs of a model's variants that `timeKernels` will make, one by one and in its order, so that they can be compiled
 * in advance. Variants of the attention that spill are left out: they take seconds to compile, and the time limit is usually
 * reached before them. The current tuning is restored afterwards.
 * @returns synchronous functions, to be run in a tidy; none if there are no kernels to choose from
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
    ...(['read', 'passed'] as const)
      .flatMap((keys) => attentionVariantsFor(vectors, keys))
      .filter((variant) => attendsOn(currentDevice(), variant) && !spills(variant, vectors))
      .map((variant) => runWith(withAttention(variant), attentionTrial)),
    // tfjs chooses its own matrix product, which ours is compared with, by the number of tokens and the shape.
    ...shapes.flatMap(([depth, columns]) =>
      tokenCounts.map((tokens) =>
        runWith(untuned, () => linearTrial(tokens, depth, columns, 'float32', zeros)),
      ),
    ),
    // Our kernels are the same for all shapes, with two exceptions: tfjs compiles again if the input has the shape of the
    // output, and if one row of workgroups is enough.
    ...[shapes[0], shapes[3]].flatMap(([depth, columns]) =>
      storages.flatMap((storage) =>
        linearVariantsHere().flatMap((variant) =>
          tokenCounts.map((tokens) =>
            runWith(withLinear(variant), () => linearTrial(tokens, depth, columns, storage, zeros)),
          ),
        ),
      ),
    ),
    // The code depends on the rows' width, which both shapes share.
    ...normShapes(architecture)
      .slice(0, 1)
      .flatMap(([depth, columns]) =>
        storages.flatMap((storage) =>
          normVariantsHere(columns).flatMap((variant) =>
            tokenCounts.map((tokens) =>
              runWith(withLinearNorm(null)(variant), () =>
                linearNormTrial(tokens, depth, columns, storage, zeros),
              ),
            ),
          ),
        ),
      ),
  ];
}
