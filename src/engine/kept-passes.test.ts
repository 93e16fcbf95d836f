import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noFaults } from '../gpu/fault-watch.ts';
import { openBackend } from '../gpu/open-backend.ts';
import { plainBlockLayers } from '../vit/plain-block-layers.ts';
import type { VitParameters } from '../vit/parameters.ts';
import { Tapped } from '../vit/tapped.ts';
import { KeptPasses } from './kept-passes.ts';

interface Pass {
  readonly pass: Tapped;
  readonly normed: tf.Tensor2D;
  readonly key: tf.Tensor2D;
}

/** A pass of 800 bytes, and the tensors in it. */
function passOf(seed: number): Pass {
  const normed = tf.fill<tf.Rank.R2>([25, 4], seed);
  const key = tf.zeros<tf.Rank.R2>([25, 4]);
  const pass = new Tapped({
    parameters: {} as VitParameters,
    rows: 1,
    columns: 24,
    tokens: 25,
    startedAt: 0,
    blocks: [{ parts: { normed, key }, queries: [], attention: null }],
    layers: plainBlockLayers(1000),
    faults: noFaults,
    maxScoresBytes: 1000,
  });
  return { pass, normed, key };
}

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
    const { pass, normed, key } = passOf(1);
    kept.keep('a', pass);
    expect(kept.find('a')).toBe(pass);
    expect(kept.find('b')).toBeNull();
    kept.clear();
    expect(kept.find('a')).toBeNull();
    expect(normed.isDisposed && key.isDisposed).toBe(true);
  });

  test('goes when there is no more room, what was asked longest ago first', () => {
    for (const name of ['a', 'b']) kept.keep(name, passOf(0).pass);
    kept.find('a');
    kept.keep('c', passOf(0).pass);
    expect(names()).toEqual(['a', 'c']);
    kept.clear();
  });

  test('goes before the next one is made, and its own first', () => {
    for (const name of ['a', 'b']) kept.keep(name, passOf(0).pass);
    kept.makeRoom('b', 800);
    expect(names()).toEqual(['a']);
    kept.makeRoom('d', 5000);
    expect(names()).toEqual([]);
  });

  test('is one at least, however large', () => {
    kept = new KeptPasses(100);
    kept.keep('a', passOf(0).pass);
    expect(names()).toEqual(['a']);
    kept.keep('b', passOf(0).pass);
    expect(names()).toEqual(['b']);
    kept.clear();
  });

  test('under a name is replaced', () => {
    const [first, second] = [passOf(1), passOf(2)];
    kept.keep('a', first.pass);
    kept.keep('a', second.pass);
    expect(first.normed.isDisposed).toBe(true);
    expect(kept.find('a')).toBe(second.pass);
    kept.clear();
  });

  test('is all that there was: no tensor is left', () => {
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });
});
