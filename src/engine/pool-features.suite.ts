/** Features of whole photographs against PyTorch, on networks of every family: one suite, run on every back end. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendName } from '../core/failure.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import type { FeatureSettings, PooledFeatures } from '../core/recognition.ts';
import { succeed } from '../core/result.ts';
import { expectedNetwork } from '../testing/checkpoint-networks.ts';
import { cutTo } from '../testing/cut-to.ts';
import { startOn } from '../testing/embedded-on-backend.ts';
import { pooledFamilies, pooledSamples } from '../testing/pooled-fixtures.ts';
import { tapFixtures } from '../testing/tap-fixtures.ts';
import { runForward } from '../vit/forward.ts';
import { uploadParameters } from '../vit/parameters.ts';
import { pooledTap, poolTokens } from '../vit/pool-tokens.ts';
import type { Platform } from './embedded.suite.ts';
import type { Engine } from './engine.ts';
import { poolBlocks, poolFeatures } from './pool-features.ts';

/** Of the largest value. */
const tolerance = 1e-4;

function expectFeatures(actual: PooledFeatures | undefined, expected: PooledFeatures | undefined): void {
  for (const part of ['cls', 'mean', 'gem'] as const) {
    const values = expected?.[part] ?? new Float32Array([NaN]);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(maxAbsDifference(actual?.[part] ?? [], values) / largest).toBeLessThan(tolerance);
  }
}

export function checkPooledFeatures(name: BackendName, platform: Platform): void {
  const { signal } = new AbortController();
  let engine: Engine;
  beforeAll(async () => {
    engine = await startOn(name, platform);
    const { architecture, parameters } = expectedNetwork('dinov2-registers');
    const added = await engine.addModel(
      'registers',
      {
        id: 'registers',
        title: 'registers',
        parameterCount: 0,
        architecture,
        parameters: new Map(parameters),
      },
      signal,
    );
    if (!added.ok) throw new Error(JSON.stringify(added.error));
  });

  test.each(tapFixtures.map((fixture, at) => [fixture.network.name, fixture, at] as const))(
    'all blocks of %s in one read back, and nothing is left on the device',
    async (_, { network, cases }, at) => {
      const blocks = Array.from({ length: network.architecture.depth }, (__, block) => block);
      const parameters = uploadParameters(network.architecture, network.parameters);
      for (const [which, { input, size }] of cases.entries()) {
        const before = tf.memory().numTensors;
        const tapped = await runForward(parameters, input, size, blocks.map(pooledTap), {
          faults: engine.faults,
        });
        const { features } = await poolTokens(tapped, blocks);
        tapped.dispose();
        expect(tf.memory().numTensors).toBe(before);
        for (const block of blocks)
          expectFeatures(features[block], pooledFamilies[at]?.cases[which]?.[block]);
      }
      parameters.dispose();
    },
  );

  describe.each(pooledSamples)('$network, $sample at $side px', (expected) => {
    const source = {
      id: 'photo',
      read: async () => {
        const photo = await platform.readSample(expected.sample);
        return succeed({ pixels: cutTo(photo, expected.size), notices: [] });
      },
    };
    const model = expected.network === 'embedded' ? 'model' : 'registers';
    const framing = { framing: 'official', sidePx: expected.side } as const;

    test('equals PyTorch from the photograph on, in every block', async () => {
      const blocks = expected.blocks.map((_, block) => block + 1);
      const made = await poolBlocks(engine, { model, source, framing, blocks, signal });
      if (!made.ok) throw new Error(JSON.stringify(made.error));
      for (const [at, block] of expected.blocks.entries()) expectFeatures(made.value.features[at], block);
      expect(made.value.frame).toMatchObject({
        photoSizePx: expected.size,
        inputSizePx: { height: expected.side, width: expected.side },
      });
    });

    test('photograph after photograph takes no more memory', async () => {
      const settings: FeatureSettings = { ...framing, block: 1 };
      const look = async (): Promise<number> => {
        const made = await poolFeatures(engine, { model, source, settings, signal });
        if (!made.ok) throw new Error(JSON.stringify(made.error));
        expectFeatures(made.value.pooled, expected.blocks[0]);
        return tf.memory().numTensors;
      };
      const first = await look();
      expect(await look()).toBe(first);
      expect(await look()).toBe(first);
    });
  });

  test('a photograph that cannot be read, and a cancel, are failures', async () => {
    const settings: FeatureSettings = { framing: 'square', sidePx: 64, block: 8 };
    const damaged = { ok: false, error: { code: 'not-an-image' } } as const;
    const broken = { id: 'broken', read: () => Promise.resolve(damaged) };
    expect(await poolFeatures(engine, { model: 'model', source: broken, settings, signal })).toEqual(damaged);
    const stopped = AbortSignal.abort();
    const source = {
      id: 'cat',
      read: async () => succeed({ pixels: await platform.readSample('cat'), notices: [] }),
    };
    const cancelled = await poolFeatures(engine, { model: 'model', source, settings, signal: stopped });
    expect(cancelled).toEqual({ ok: false, error: { code: 'cancelled' } });
  });
}
