/** Norms against PyTorch, on networks of every family: one suite, run on every back end. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendName } from '../../core/failure.ts';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';
import type { ModelDescription } from '../../core/model.ts';
import type { Pass } from '../../engine/pass.ts';
import { openBackend, type OpenBackend } from '../../gpu/open-backend.ts';
import { plainContext } from '../../testing/compute-context.ts';
import { frameOfGrid, someModel } from '../../testing/looks.ts';
import { tapFixtures, type TapCase, type TapFixture } from '../../testing/tap-fixtures.ts';
import { runForward } from '../../vit/forward.ts';
import { uploadParameters } from '../../vit/parameters.ts';
import { readTokens } from '../../vit/read-attention.ts';
import type { Facet } from '../../vit/taps.ts';
import { normsCompute } from './compute.ts';
import type { NormsParams, NormsResult } from './contract.ts';

/** @param tolerance relative to the largest norm */
export function checkNorms(name: BackendName, tolerance: number): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  /** Runs a pass with the lens's own taps. @param also whether it taps what is worth keeping, too */
  async function look(
    { network: { architecture, parameters: values } }: TapFixture,
    each: TapCase,
    params: NormsParams,
    also: boolean,
  ): Promise<NormsResult> {
    const { embedDim, depth, numHeads, numRegisters } = architecture;
    const model: ModelDescription = { ...someModel, embedDim, depth, numHeads, numRegisters };
    const { needs, keeps } = normsCompute.taps(model, params);
    const parameters = uploadParameters(architecture, values);
    const taps = also ? [...needs, ...keeps] : needs;
    const tapped = await runForward(parameters, each.input, each.size, taps, { faults: backend.faults });
    try {
      expect(tapped.answers(needs)).toBe(true);
      const pass = {
        model,
        frame: frameOfGrid(each.rows, each.columns),
        readTokens: (block: number, facet: Facet) => readTokens(tapped, block, facet),
      } as unknown as Pass;
      const result = await normsCompute.compute([pass], params, plainContext);
      return result.ok ? result.value : expect.unreachable('it answers');
    } finally {
      tapped.dispose();
      parameters.dispose();
    }
  }

  describe.each(tapFixtures.map((fixture) => [fixture.network.name, fixture] as const))(
    '%s',
    (_, fixture) => {
      const { depth, numRegisters } = fixture.network.architecture;

      const expectNorms = (result: NormsResult, expected: Float32Array): void => {
        const all = [...result.specialNorms, ...result.map];
        expect(maxAbsDifference(all, expected) / Math.max(...expected)).toBeLessThan(tolerance);
        expect(result.specialNorms).toHaveLength(1 + numRegisters);
      };

      test.each(fixture.cases)('at $rows × $columns: every block, before the final norm', async (each) => {
        for (let block = 1; block <= depth; block++) {
          const result = await look(fixture, each, { block, finalNorm: 'before' }, block === 1);
          expect(result).toMatchObject({ block: block - 1, depth, isAfterFinalNorm: false });
          expectNorms(result, each.norms[block - 1] as Float32Array);
        }
      });

      test.each(fixture.cases)('at $rows × $columns: the last block, after the final norm', async (each) => {
        const result = await look(fixture, each, { block: 'last', finalNorm: 'after' }, true);
        expect(result).toMatchObject({ block: depth - 1, isAfterFinalNorm: true });
        expectNorms(result, each.normsAfterFinalNorm);
        // Other blocks have no such norm.
        if (depth === 1) return;
        const first = await look(fixture, each, { block: 1, finalNorm: 'after' }, false);
        expect(first).toMatchObject({ block: 0, isAfterFinalNorm: false });
        expectNorms(first, each.norms[0] as Float32Array);
      });
    },
  );
}
