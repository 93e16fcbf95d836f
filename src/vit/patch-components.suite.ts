/** Sums over patches and what is projected of them, on every back end against NumPy, on networks of every family. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import stored from '../../tools/reference/fixtures/taps.json';
import type { BackendName } from '../core/failure.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { principalAxes } from '../features/principal-axes.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { familyColours } from '../testing/colour-fixtures.ts';
import { tapFixtures } from '../testing/tap-fixtures.ts';
import { runForward } from './forward.ts';
import { uploadParameters } from './parameters.ts';
import { readPatchProjections, readPatchScatter, readPatchSum } from './patch-components.ts';

/** Of the largest value. */
const tolerance = 1e-4;

/** Axes of nearly the same share may be mixed. */
const leastGap = 0.02;

export function checkPatchComponents(name: BackendName): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  describe.each(familyColours)('$network, case $at', ({ network, at, all, half }) => {
    const fixture = tapFixtures[stored.findIndex((each) => each.network === network)];
    const each = fixture?.cases[at];
    test.each([
      ['all', all, 1],
      ['each second patch', half, 2],
    ] as const)('of %s', async (_, expected, step) => {
      if (fixture === undefined || each === undefined) throw new Error(`no features of ${network}`);
      const { architecture } = fixture.network;
      const before = tf.memory().numTensors;
      const parameters = uploadParameters(architecture, fixture.network.parameters);
      const block = architecture.depth - 1;
      const tapped = await runForward(
        parameters,
        each.input,
        each.size,
        [{ of: 'tokens', block, facet: 'key' }],
        { faults: backend.faults },
      );
      const patches = each.rows * each.columns;
      const kept = Float32Array.from({ length: patches }, (__, patch) => (patch % step === 0 ? 1 : 0));
      const count = kept.reduce((sum, value) => sum + value, 0);
      const mean = (await readPatchSum(tapped, block, 'key', kept)).map((value) => value / count);
      const scatter = await readPatchScatter(tapped, block, 'key', kept, mean);
      const { axes, shares } = await principalAxes(scatter, architecture.embedDim, 4);
      expect(shares.length).toBeGreaterThanOrEqual(Math.min(3, expected.shares.length));
      for (const [i, share] of shares.entries()) expect(share).toBeCloseTo(expected.shares[i] ?? 0, 4);
      const projections = await readPatchProjections(tapped, block, 'key', mean, axes);
      let compared = 0;
      for (const [i, map] of expected.maps.entries()) {
        const [above = Infinity, own = 0, below = 0] = [
          expected.shares[i - 1],
          expected.shares[i],
          expected.shares[i + 1],
        ];
        if (above - own < leastGap || own - below < leastGap || i >= axes.length) continue;
        const actual = projections.subarray(i * patches, (i + 1) * patches);
        const largest = map.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        // Which end is up may differ where two entries of an axis are nearly the same.
        const turned = actual.map((value) => -value);
        expect(Math.min(maxAbsDifference(actual, map), maxAbsDifference(turned, map)) / largest).toBeLessThan(
          tolerance,
        );
        compared += 1;
      }
      expect(compared).toBeGreaterThan(0);
      tapped.dispose();
      parameters.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
