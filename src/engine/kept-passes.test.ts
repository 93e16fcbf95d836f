import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../gpu/open-backend.ts';
import type { KeptPass } from '../vit/attend.ts';
import { KeptPasses } from './kept-passes.ts';

/** A pass of 800 bytes. */
const passOf = (seed: number): KeptPass =>
  tf.tidy(() => ({
    rows: 1,
    columns: 24,
    normed: tf.fill<tf.Rank.R2>([25, 4], seed),
    keys: tf.zeros<tf.Rank.R2>([25, 4]),
  }));

let kept: KeptPasses;
let tensorsBefore: number;
beforeAll(async () => {
  await openBackend('cpu', null);
  tensorsBefore = tf.memory().numTensors;
});
beforeEach(() => {
  kept = new KeptPasses(2000);
});

const names = (): string[] => ['a', 'b', 'c', 'd'].filter((name) => kept.find(name) !== null);

describe('what is kept', () => {
  test('is found by its name, and freed in the end', () => {
    const pass = passOf(1);
    kept.keep('a', pass);
    expect(kept.find('a')).toBe(pass);
    expect(kept.find('b')).toBeNull();
    kept.clear();
    expect(kept.find('a')).toBeNull();
    expect(pass.normed.isDisposed && pass.keys.isDisposed).toBe(true);
  });

  test('goes when there is no more room, what was asked longest ago first', () => {
    for (const name of ['a', 'b']) kept.keep(name, passOf(0));
    kept.find('a');
    kept.keep('c', passOf(0));
    expect(names()).toEqual(['a', 'c']);
    kept.clear();
  });

  test('goes before the next one is made, and its own first', () => {
    for (const name of ['a', 'b']) kept.keep(name, passOf(0));
    kept.makeRoom('b', 800);
    expect(names()).toEqual(['a']);
    kept.makeRoom('d', 5000);
    expect(names()).toEqual([]);
  });

  test('is one at least, however large', () => {
    kept = new KeptPasses(100);
    kept.keep('a', passOf(0));
    expect(names()).toEqual(['a']);
    kept.keep('b', passOf(0));
    expect(names()).toEqual(['b']);
    kept.clear();
  });

  test('under a name is replaced', () => {
    const [first, second] = [passOf(1), passOf(2)];
    kept.keep('a', first);
    kept.keep('a', second);
    expect(first.normed.isDisposed).toBe(true);
    expect(kept.find('a')).toBe(second);
    kept.clear();
  });

  test('is all that there was: no tensor is left', () => {
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });
});
