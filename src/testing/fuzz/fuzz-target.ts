/**
 * Runs a parser on thousands of damaged inputs. Each run must end soon, either with a result as for an intact input or
 * with a typed failure. Each run has its own random numbers, derived from the seed and the run's number, so that a
 * failing run can be repeated alone.
 */
import { failureOf } from '../../core/failure.ts';
import { randomStream } from '../../core/random.ts';
import type { SeededRandom } from '../../core/seeded-random.ts';

export interface FuzzTarget {
  /** The parser, and the way in which its input is damaged. */
  readonly name: string;
  /**
   * Damages an input, reads it, and throws an error if the result cannot be right.
   * @returns whether the input was accepted
   * @throws FailureError if it was refused
   */
  readonly run: (random: SeededRandom) => boolean | Promise<boolean>;
}

export interface FuzzReport {
  readonly name: string;
  readonly runs: number;
  readonly taken: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** Results that must not happen, each with the number of its run. */
  readonly faults: readonly string[];
}

/**
 * A user would regard a longer time as a hang, on a machine that does nothing else. The inputs have about ten kilobytes.
 */
const limitMs = 4000;

function randomOf(seed: number, run: number): SeededRandom {
  const { below } = randomStream(seed, run);
  return { below, pick: (choices) => choices[below(choices.length)] ?? choices[0] };
}

/** @param first the number of the first run; with `runs` 1, this run is repeated alone */
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
