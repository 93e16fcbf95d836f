/** Which patches are alike, on every back end against plain sums in float64. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendName } from '../core/failure.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { tapFixtures } from '../testing/tap-fixtures.ts';
import { readAlikePatches } from './alike-patches.ts';
import { runForward } from './forward.ts';
import { uploadParameters } from './parameters.ts';

/** Products so near the threshold may fall on either side. */
const margin = 1e-4;

export function checkAlikePatches(name: BackendName): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  describe.each(tapFixtures.map((fixture) => [fixture.network.name, fixture] as const))(
    '%s',
    (_, fixture) => {
      const { architecture } = fixture.network;
      test.each(fixture.cases)('at $rows × $columns', async (each) => {
        const { signal } = new AbortController();
        const before = tf.memory().numTensors;
        const parameters = uploadParameters(architecture, fixture.network.parameters);
        const block = architecture.depth - 1;
        const tapped = await runForward(
          parameters,
          each.input,
          each.size,
          [{ of: 'tokens', block, facet: 'key' }],
          {
            faults: backend.faults,
          },
        );
        const patches = each.rows * each.columns;
        const { embedDim } = architecture;
        const keys = (each.blocks[block] as (typeof each.blocks)[number]).key;
        const rows = Array.from({ length: patches }, (__, at) => {
          const begin = keys.length - (patches - at) * embedDim;
          return Float64Array.from(keys.subarray(begin, begin + embedDim));
        });
        for (const [isCosine, threshold] of [
          [true, 0.2],
          [false, 0],
        ] as const) {
          const alike = await readAlikePatches(tapped, block, 'key', { isCosine, threshold, signal });
          expect(alike).toHaveLength(patches * patches);
          let compared = 0;
          for (const [a, mine] of rows.entries())
            for (const [b, other] of rows.entries()) {
              const lengths = isCosine ? Math.hypot(...mine) * Math.hypot(...other) : 1;
              const product = mine.reduce((sum, value, i) => sum + value * (other[i] as number), 0) / lengths;
              if (Math.abs(product - threshold) < margin) continue;
              compared += 1;
              if (alike[a * patches + b] !== (product > threshold ? 1 : 0))
                throw new Error(
                  `patches ${a} and ${b}: ${product} against ${threshold}, ${alike[a * patches + b]}`,
                );
            }
          expect(compared).toBeGreaterThan(0.9 * patches * patches);
        }
        tapped.dispose();
        parameters.dispose();
        expect(tf.memory().numTensors).toBe(before);
      });
    },
  );
}
