/**
 * Random numbers that are the same in every run. A stream is named by whole numbers (seed, step, purpose), so no
 * state is kept between steps: a run that is resumed draws the same numbers as one that was not interrupted.
 */
export interface Random {
  /** @returns a value in [0, 1), in steps of 2⁻³² */
  next(): number;
  /** @returns a value in [from, to) */
  uniform(from: number, to: number): number;
  /** @returns a whole number in [0, limit) */
  below(limit: number): number;
  /** @returns a value of the standard normal distribution */
  normal(): number;
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Mulberry32, started from a hash of `name`. */
export function randomStream(...name: readonly number[]): Random {
  let state = name.reduce((hash, word) => mix(hash ^ (mix(word) + 0x9e3779b9)), 0);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    uniform: (from, to) => from + (to - from) * next(),
    below: (limit) => Math.floor(next() * limit),
    // Box and Muller; 1 − u keeps the logarithm from 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** @returns 0 … count − 1 in random order (Fisher and Yates) */
export function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}
