/**
 * Damaged inputs for a parser, in their thousands: each must end in what the parser gives of whole ones, or in a typed failure, and soon.
 * Every run has a chance of its own, from the seed and its number, so that one that fails can be had again by itself.
 */
import { failureOf } from '../../core/failure.ts';
import { randomStream } from '../../core/random.ts';
import type { SeededRandom } from '../../core/seeded-random.ts';

export interface FuzzTarget {
  /** The parser, and the way in which its input is damaged. */
  readonly name: string;
  /**
   * Damages an input, reads it, and throws where what comes of it cannot be right.
   * @returns whether it was taken; throws a `FailureError` where it was refused
   */
  readonly run: (random: SeededRandom) => boolean | Promise<boolean>;
}

export interface FuzzReport {
  readonly name: string;
  readonly runs: number;
  readonly taken: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** What must not happen, each with the number of its run. */
  readonly faults: readonly string[];
}

/** Beyond this a person would call it a hang, on a machine that does nothing else. The inputs are some ten kilobytes. */
const limitMs = 4000;

function randomOf(seed: number, run: number): SeededRandom {
  const { below } = randomStream(seed, run);
  return { below, pick: (choices) => choices[below(choices.length)] ?? choices[0] };
}

/** @param first the number of the first run; with `runs` 1 a single one is had again */
export async function fuzz(target: FuzzTarget, seed: number, runs: number, first = 0): Promise<FuzzReport> {
  const { name, run } = target;
  const faults: string[] = [];
  let taken = 0;
  let refused = 0;
  let slowestMs = 0;
  for (let number = first; number < first + runs; number++) {
    const start = performance.now();
    try {
      if (await run(randomOf(seed, number))) taken++;
      else refused++;
    } catch (error) {
      if (failureOf(error) === null) faults.push(`run ${number}: ${String(error)}`);
      else refused++;
    }
    const elapsedMs = performance.now() - start;
    slowestMs = Math.max(slowestMs, elapsedMs);
    if (elapsedMs > limitMs) faults.push(`run ${number}: ${Math.round(elapsedMs)} ms`);
  }
  return { name, runs, taken, refused, slowestMs, faults };
}
