/** Whether a choice that was stored earlier is still valid. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../../core/architecture.ts';
import { nullIfRefused } from '../error-scope.ts';
import { attentionKernel } from './attention.ts';
import { applyTimed, forgetTuning, rememberTuning, type Timed } from './timed-choice.ts';
import { tuningOf } from './tuning.ts';
import { differs, linearNormTrial, linearTrial, someValues, type Trial } from './variant-trials.ts';
import {
  attendsOn,
  attentionNamed,
  currentDevice,
  fewTokens,
  linearShapes,
  normShapes,
  runsOn,
  storages,
  variantNamed,
  type Shape,
} from './variants.ts';

type OwnedTrial = Trial & { dispose(): void };

/**
 * The choice may name variants of another version of the page, or need features that another version of the browser had.
 */
function isChoiceOfHere({ linear, linearNorm, attention }: Timed): boolean {
  const isHere = (name: string | null): boolean => {
    const variant = variantNamed(name);
    return name === null || (variant !== undefined && runsOn(currentDevice(), variant));
  };
  const attentionOf = attentionNamed(attention);
  const isAttentionHere =
    attention === null || (attentionOf !== undefined && attendsOn(currentDevice(), attentionOf));
  const isNormHere = (name: string | null): boolean => name === 'apart' || isHere(name);
  return (
    isAttentionHere &&
    Object.values(linear).every(({ float32, float16 }) => isHere(float32) && isHere(float16)) &&
    Object.values(linearNorm).every(({ float32, float16 }) => isNormHere(float32) && isNormHere(float16))
  );
}

/**
 * Compares the chosen variants for a model's layers with the variants that run without a choice; the self-check has
 * checked the latter.
 */
function trialsOf(architecture: VitArchitecture): OwnedTrial[] {
  const { embedDim, numHeads } = architecture;
  const usually = (run: () => tf.Tensor) => (): tf.Tensor => {
    const putBack = rememberTuning();
    forgetTuning();
    try {
      return run();
    } finally {
      putBack();
    }
  };
  const layersOf = (shapes: readonly Shape[], trialOf: typeof linearTrial): OwnedTrial[] =>
    shapes.flatMap(([depth, columns]) =>
      storages
        .filter(
          (storage) => storage === 'float32' || storage === tuningOf(tf.backend()).storage(depth, columns),
        )
        .map((storage) => {
          const trial = trialOf(fewTokens, depth, columns, storage);
          return { ...trial, expected: usually(trial.run) };
        }),
    );
  const layers = [
    ...layersOf(linearShapes(architecture), linearTrial),
    ...layersOf(normShapes(architecture), linearNormTrial),
  ];
  const qkv = tf.tensor2d(someValues(fewTokens * 3 * embedDim), [fewTokens, 3 * embedDim]);
  const attend = (): tf.Tensor => attentionKernel.run({ qkv }, { numHeads });
  return [...layers, { run: attend, expected: usually(attend), dispose: () => tf.dispose(qkv) }];
}

/**
 * Whether a stored choice fits this device and each of its variants computes the right result: the driver or browser may
 * have changed since it was made. The current tuning is restored afterwards.
 */
export async function isStillValid(timed: Timed, architecture: VitArchitecture): Promise<boolean> {
  if (!isChoiceOfHere(timed)) return false;
  const putBack = rememberTuning();
  applyTimed(timed);
  const trials = trialsOf(architecture);
  try {
    for (const trial of trials) if ((await nullIfRefused(() => differs(trial))) !== false) return false;
    return true;
  } finally {
    putBack();
    for (const trial of trials) trial.dispose();
  }
}
