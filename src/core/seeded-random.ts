import { randomStream } from './random.ts';

/** Random numbers that are the same in every run, for tests that try many inputs. */
export interface SeededRandom {
  /** @returns a whole number in [0, below) */
  below(limit: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

export function seededRandom(seed: number): SeededRandom {
  const { below } = randomStream(seed);
  return { below, pick: (choices) => choices[below(choices.length)] ?? choices[0] };
}

/** @returns `bytes` without `removed` of them at `at`, and with `added` there */
function splice(bytes: Uint8Array, at: number, removed: number, ...added: number[]): Uint8Array<ArrayBuffer> {
  const rest = bytes.subarray(at + removed);
  const spliced = new Uint8Array(at + added.length + rest.length);
  spliced.set(bytes.subarray(0, at));
  spliced.set(added, at);
  spliced.set(rest, at + added.length);
  return spliced;
}

/** Damages a copy of `bytes` in one to four places: flipped, set, cut off, repeated or pushed along. */
export function damage(bytes: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  let damaged = Uint8Array.from(bytes);
  for (let times = 1 + random.below(4); times > 0 && damaged.length > 0; times--) {
    const at = random.below(damaged.length);
    switch (random.below(6)) {
      case 0:
        damaged = damaged.slice(0, at);
        break;
      case 1:
        damaged = splice(damaged, at, random.below(8));
        break;
      case 2:
        damaged = splice(damaged, at, 0, random.below(256));
        break;
      case 3:
        damaged[at] = random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
        break;
      default:
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
    }
  }
  return damaged;
}
