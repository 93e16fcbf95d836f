/** The forward passes against PyTorch on the small networks: one suite, run on every back end. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { floatsOfBase64 } from '../core/base64.ts';
import type { BackendName } from '../core/failure.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { attendSpecial, readSpecial } from './attend.ts';
import { runForward } from './forward.ts';
import { uploadParameters, type VitParameters } from './parameters.ts';
import { forwardPlain } from './plain-forward.ts';
import { readAttention } from './read-attention.ts';
import { selfCheck } from './self-check.ts';
import { anyTokenOfLastBlock } from './taps.ts';
import { traceForward } from './trace.ts';
import { attentionDifference, traceDifference, type ReferenceForward } from './compare-attention.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { overlapFixtures } from '../testing/overlap-fixtures.ts';
import { vitFixtures, type VitCase, type VitFixture } from '../testing/vit-fixtures.ts';

const nothing = (): Promise<void> => Promise.resolve();

export const referenceOf = ({ clsAttention, registerAttention, clsFeature }: VitCase): ReferenceForward => ({
  clsAttention: { shape: clsAttention.shape, values: floatsOfBase64(clsAttention.values) },
  registerAttention: floatsOfBase64(registerAttention?.values ?? ''),
  clsFeature: floatsOfBase64(clsFeature.values),
});

const inputOf = ({ input }: VitCase): tf.Tensor3D =>
  tf.tensor3d(floatsOfBase64(input.values), [input.height, input.width, 3]);

/** @param tolerance of attention, absolute; of the CLS feature, relative to its largest value */
export function checkForward(name: BackendName, tolerance: number): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  const optionsOf = ({ overlap = 1 }: VitCase) => ({ faults: backend.faults, overlap });

  async function withParameters(
    fixture: VitFixture,
    run: (parameters: VitParameters) => Promise<void>,
  ): Promise<void> {
    const before = tf.memory();
    const parameters = uploadParameters(fixture.architecture, fixture.parameters);
    try {
      await run(parameters);
      backend.faults.check();
    } finally {
      parameters.dispose();
    }
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  }

  test('runs on the back end that was asked for', () => {
    expect(tf.getBackend()).toBe(name);
  });

  test('the self-check agrees with PyTorch', async () => {
    expect(await selfCheck(backend.faults)).toBeLessThan(tolerance);
  });

  describe.each([...vitFixtures, ...overlapFixtures])('$name', (fixture) => {
    const { numRegisters } = fixture.architecture;

    test.each(fixture.cases)('plain pass at $rows × $columns equals PyTorch in every layer', async (each) => {
      await withParameters(fixture, async (parameters) => {
        const image = inputOf(each);
        const { attentions, tokens: ofBlocks, feature } = forwardPlain(parameters, image, each.overlap);
        const clsRows = tf.tidy(() =>
          tf.stack(attentions.map((attention) => tf.slice(attention, [0, 0, 0], [-1, 1, -1]))),
        );
        const trace = {
          clsAttention: (await clsRows.data()) as Float32Array<ArrayBuffer>,
          clsFeature: (await feature.data()) as Float32Array<ArrayBuffer>,
        };
        const difference = traceDifference(trace, referenceOf(each));
        expect(difference.attention).toBeLessThan(tolerance);
        expect(difference.feature).toBeLessThan(tolerance);
        const last = attentions.at(-1);
        if (each.lastAttention !== undefined && last !== undefined)
          expect(maxAbsDifference(await last.data(), floatsOfBase64(each.lastAttention.values))).toBeLessThan(
            tolerance,
          );
        tf.dispose([image, attentions, ofBlocks, feature, clsRows]);
      });
    });

    test.each(fixture.cases)(
      'the pass that the page runs, at $rows × $columns, equals PyTorch',
      async (each) => {
        await withParameters(fixture, async (parameters) => {
          const done: number[] = [];
          const result = await attendSpecial(parameters, floatsOfBase64(each.input.values), each.input, {
            ...optionsOf(each),
            afterBlock: (blocks) => {
              done.push(blocks);
              return nothing();
            },
          });
          expect(result).toMatchObject({
            rows: each.rows,
            columns: each.columns,
            tokens: 1 + numRegisters + each.rows * each.columns,
          });
          expect(attentionDifference(result, referenceOf(each))).toBeLessThan(tolerance);
          expect(done).toEqual(Array.from({ length: fixture.architecture.depth - 1 }, (_, i) => i + 1));
        });
      },
    );

    test.each(fixture.cases)(
      'the same pass, traced, at $rows × $columns equals PyTorch in every layer',
      async (each) => {
        await withParameters(fixture, async (parameters) => {
          const options = { ...optionsOf(each), afterBlock: nothing };
          const input = floatsOfBase64(each.input.values);
          const trace = await traceForward(parameters, input, each.input, options);
          const difference = traceDifference(trace, referenceOf(each));
          expect(difference.attention).toBeLessThan(tolerance);
          expect(difference.feature).toBeLessThan(tolerance);
        });
      },
    );

    // PyTorch's whole matrix where it is kept, else the plain pass's, which is compared with PyTorch above.
    test.each(fixture.cases)(
      'every patch, asked after the pass at $rows × $columns, looks where it should',
      async (each) => {
        await withParameters(fixture, async (parameters) => {
          const { rows, columns } = each;
          const input = floatsOfBase64(each.input.values);
          const image = inputOf(each);
          const { attentions, tokens: ofBlocks, feature } = forwardPlain(parameters, image, each.overlap);
          const expected =
            each.lastAttention === undefined
              ? ((await attentions.at(-1)?.data()) as Float32Array)
              : floatsOfBase64(each.lastAttention.values);
          tf.dispose([image, attentions, ofBlocks, feature]);
          // A few at a time, the last time fewer.
          const special = 1 + numRegisters;
          const tokens = special + rows * columns;
          const { numHeads } = fixture.architecture;
          const maxScoresBytes = 4 * numHeads * tokens * 3;
          const options = { ...optionsOf(each), maxScoresBytes };
          const taps = [anyTokenOfLastBlock(fixture.architecture)];
          const pass = await runForward(parameters, input, each.input, taps, options);
          expect(attentionDifference(await readSpecial(pass), referenceOf(each))).toBeLessThan(tolerance);
          const patches = Array.from({ length: rows * columns }, (_, patch) => special + patch).toReversed();
          const answers = await readAttention(pass, [fixture.architecture.depth - 1], patches);
          pass.dispose();
          expect(answers.queries).toEqual(patches);
          for (const [query, token] of patches.entries())
            for (let head = 0; head < numHeads; head++) {
              const row = answers.values.subarray((query * numHeads + head) * tokens).subarray(0, tokens);
              const from = (head * tokens + token) * tokens;
              expect(maxAbsDifference(row, expected.subarray(from, from + tokens))).toBeLessThan(tolerance);
            }
        });
      },
    );

    test('queries in chunks of a few rows give the same maps', async () => {
      const each = fixture.cases.at(-1) as VitCase;
      await withParameters(fixture, async (parameters) => {
        const maxScoresBytes = 4 * 3 * (1 + numRegisters + each.rows * each.columns);
        const options = { ...optionsOf(each), afterBlock: nothing, maxScoresBytes };
        const input = floatsOfBase64(each.input.values);
        const result = await attendSpecial(parameters, input, each.input, options);
        expect(attentionDifference(result, referenceOf(each))).toBeLessThan(tolerance);
      });
    });

    test('a pass that is stopped between blocks leaves no tensor behind', async () => {
      const [each] = fixture.cases;
      if (each === undefined || fixture.architecture.depth < 2) return;
      await withParameters(fixture, async (parameters) => {
        const afterBlock = (): Promise<void> => Promise.reject(new Error('stop here'));
        const run = attendSpecial(parameters, floatsOfBase64(each.input.values), each.input, {
          ...optionsOf(each),
          afterBlock,
        });
        await expect(run).rejects.toThrow('stop here');
      });
    });
  });
}
