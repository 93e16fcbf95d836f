/** The second model of a comparison. */
import type { ModelLoader } from '../../src/models/loaded-model.ts';
import { randomised } from '../../src/models/random-network.ts';
import { findEachModel, findModel } from '../attend/find-model.ts';
import type { CheckpointValues } from '../checkpoint-file.ts';
import { stopWithWrong } from '../stop-with.ts';

export const againstOptions = { against: { type: 'string' }, 'against-key': { type: 'string' } } as const;

export const againstUsage = `\
  --against <model>  the same through a second model, for comparison: what --model takes, or random or random:<seed> for random
                     weights of the first one. Writes for each image also <name>-<lens>-against.npy and .json, and a picture of
                     both with their names, <name>-<lens>-compared.png
  --against-key <name>  which of the second file's networks, where it is another one than --key: the student of a run, beside
                     its teacher`;

/** The page's. */
const usualSeed = 1;

/** @returns null where no random weights are asked */
function readSeed(against: string): number | null {
  const [, seed] = /^random(?::(.*))?$/.exec(against) ?? [null];
  if (!/^random(:|$)/.test(against)) return null;
  if (seed === undefined) return usualSeed;
  return /^\d{1,9}$/.test(seed ?? '')
    ? Number(seed)
    : stopWithWrong(`--against ${against}: the seed is not a whole number from 0.`);
}

type AgainstValues = CheckpointValues & { readonly [name in keyof typeof againstOptions]?: string };

export interface FoundModels {
  readonly own: ModelLoader;
  /** Null: nothing is compared. */
  readonly other: ModelLoader | null;
}

/** Ends the command with a sentence where a model is missing. Options of checkpoint files are for those of the two that are such files. */
export async function findModels(
  model: string,
  { against, 'against-key': key, ...values }: AgainstValues,
): Promise<FoundModels> {
  const seed = against === undefined ? null : readSeed(against);
  if (against === undefined || seed !== null) {
    const own = await findModel(model, values);
    return { own, other: seed === null ? null : randomised(own, seed) };
  }
  const others = key === undefined ? values : { ...values, key };
  const [own, other] = await findEachModel([
    [model, values],
    [against, others],
  ]);
  if (own === undefined || other === undefined) throw new Error('two models are two loaders');
  return { own, other };
}
