/** What a pass's taps bring against PyTorch, on networks of every family: one suite, run on every back end. */
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rollOutMatrices } from '../attention/rollout.ts';
import { rowDistance, rowEntropy } from '../attention/row-statistics.ts';
import type { BackendName } from '../core/failure.ts';
import type { RolloutOptions } from '../core/rollout-options.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { runForward } from './forward.ts';
import { forEachFusedRows } from './fused-rows.ts';
import { readHeadStatistics } from './head-statistics.ts';
import { uploadParameters, type VitParameters } from './parameters.ts';
import { forwardPlain } from './plain-forward.ts';
import { readAttention, readTokens } from './read-attention.ts';
import { rollOut } from './roll-out.ts';
import { tappedBytes, type Facet, type Tap } from './taps.ts';
import type { Tapped } from './tapped.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { tapFixtures, type TapCase } from '../testing/tap-fixtures.ts';

const everything: Tap = { of: 'attention', blocks: 'all', queries: 'all' };
const facets = ['query', 'key', 'value', 'out'] as const satisfies readonly Facet[];

const largestOf = (values: Float32Array): number =>
  values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/** @param tokens shape [T, C] @returns each token's L2 norm, shape [T] */
const normsOf = (tokens: Float32Array, channels: number): number[] =>
  Array.from({ length: tokens.length / channels }, (_, token) =>
    Math.hypot(...tokens.subarray(token * channels, (token + 1) * channels)),
  );

/** In one chunk and, at the last of the cases, also some rows of a block at a time. */
function chunkings(
  cases: readonly TapCase[],
  each: TapCase,
  tokens: number,
  numHeads: number,
): (number | undefined)[] {
  return each === cases.at(-1) ? [undefined, 4 * tokens * numHeads * 7] : [undefined];
}

/** @param tolerance of attention and rollout, absolute; of tokens and statistics, relative to the largest value */
export function checkTaps(name: BackendName, tolerance: number): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  /** @returns what differs too much, with its options */
  const differing = (
    options: RolloutOptions,
    rows: readonly (readonly [actual: ArrayLike<number>, expected: ArrayLike<number>])[],
  ): string[] => {
    const difference = Math.max(...rows.map(([actual, expected]) => maxAbsDifference(actual, expected)));
    return difference < tolerance ? [] : [`${JSON.stringify(options)}: ${difference}`];
  };

  describe.each(tapFixtures.map((fixture) => [fixture.network.name, fixture] as const))(
    '%s',
    (_, fixture) => {
      const { architecture } = fixture.network;
      const { depth, numHeads, embedDim, numRegisters } = architecture;
      const blocks = Array.from({ length: depth }, (__, block) => block);
      let parameters: VitParameters;
      let before: tf.MemoryInfo;
      beforeEach(() => {
        before = tf.memory();
        parameters = uploadParameters(architecture, fixture.network.parameters);
      });
      afterEach(() => {
        parameters.dispose();
        backend.faults.check();
        expect(tf.memory().numTensors).toBe(before.numTensors);
        expect(tf.memory().numBytes).toBe(before.numBytes);
      });

      const tokensOf = ({ rows, columns }: TapCase): number => 1 + numRegisters + rows * columns;

      const expectNorms = (values: Float32Array, expected: Float32Array): void =>
        expect(maxAbsDifference(normsOf(values, embedDim), expected) / largestOf(expected)).toBeLessThan(
          tolerance,
        );

      /** Runs, checks what it takes on the device, and frees it. */
      async function withPass(
        each: TapCase,
        taps: readonly Tap[],
        look: (tapped: Tapped) => Promise<void>,
        maxScoresBytes?: number,
      ): Promise<void> {
        const { numBytes } = tf.memory();
        const tapped = await runForward(parameters, each.input, each.size, taps, {
          faults: backend.faults,
          ...(maxScoresBytes === undefined ? {} : { maxScoresBytes }),
        });
        try {
          expect(tapped).toMatchObject({ rows: each.rows, columns: each.columns, tokens: tokensOf(each) });
          expect(tapped.byteLength).toBe(tappedBytes(architecture, tokensOf(each), taps));
          expect(tf.memory().numBytes - numBytes).toBe(tapped.byteLength);
          expect(tapped.answers(taps)).toBe(true);
          await look(tapped);
          expect(tf.memory().numBytes - numBytes).toBe(tapped.byteLength);
        } finally {
          tapped.dispose();
        }
      }

      test.each(fixture.cases)(
        'at $rows × $columns: rows of CLS and a patch in every block',
        async (each) => {
          const queries = [0, each.patch];
          await withPass(each, [{ of: 'attention', blocks: 'all', queries }], async (tapped) => {
            const attention = await readAttention(tapped, 'all', queries);
            expect(maxAbsDifference(attention.values, each.attention)).toBeLessThan(tolerance);
            // Some of what was computed, in another order.
            const size = numHeads * tokensOf(each);
            const last = await readAttention(tapped, [depth - 1], [each.patch]);
            expect(maxAbsDifference(last.values, each.attention.subarray(-size))).toBeLessThan(tolerance);
            expect(tapped.answers([{ of: 'attention', blocks: 'all', queries: [1, each.patch] }])).toBe(
              each.patch === 1,
            );
          });
        },
      );

      test.each(fixture.cases)('at $rows × $columns: the same rows, asked after the pass', async (each) => {
        for (const maxScoresBytes of chunkings(fixture.cases, each, tokensOf(each), numHeads))
          await withPass(
            each,
            [everything],
            async (tapped) => {
              const attention = await readAttention(tapped, 'all', [0, each.patch]);
              expect(maxAbsDifference(attention.values, each.attention)).toBeLessThan(tolerance);
            },
            maxScoresBytes,
          );
      });

      test.each(fixture.cases)('at $rows × $columns: tokens of every block', async (each) => {
        for (const block of blocks) {
          const taps = facets.map((facet): Tap => ({ of: 'tokens', block, facet }));
          await withPass(each, taps, async (tapped) => {
            for (const facet of facets) {
              const expected = each.blocks[block]?.[facet] as Float32Array;
              const difference = maxAbsDifference(await readTokens(tapped, block, facet), expected);
              expect(difference / largestOf(expected)).toBeLessThan(tolerance);
            }
          });
          // Without its output a block is not run to its end; what is kept of its attention tells the rest.
          await withPass(each, [{ of: 'attention', blocks: [block], queries: 'all' }], async (tapped) => {
            for (const facet of ['query', 'key', 'value'] as const) {
              const expected = each.blocks[block]?.[facet] as Float32Array;
              const difference = maxAbsDifference(await readTokens(tapped, block, facet), expected);
              expect(difference / largestOf(expected)).toBeLessThan(tolerance);
            }
            await expect(readTokens(tapped, block, 'out')).rejects.toThrow(
              `out of block ${block} was not kept`,
            );
            expect(tapped.answers([{ of: 'tokens', block, facet: 'out' }])).toBe(false);
          });
        }
      });

      test.each(fixture.cases)('at $rows × $columns: norms before and after the final norm', async (each) => {
        const last = depth - 1;
        const taps = [...blocks.map((block) => [block, 'residual'] as const), [last, 'out'] as const].map(
          ([block, facet]): Tap => ({ of: 'tokens', block, facet }),
        );
        await withPass(each, taps, async (tapped) => {
          for (const block of blocks)
            expectNorms(await readTokens(tapped, block, 'residual'), each.norms[block] as Float32Array);
          expectNorms(await readTokens(tapped, last, 'out'), each.normsAfterFinalNorm);
        });
        // What is kept of a block's attention alone does not tell its output.
        await withPass(each, [everything], async (tapped) => {
          await expect(readTokens(tapped, last, 'residual')).rejects.toThrow(
            `residual of block ${last} was not kept`,
          );
          expect(tapped.answers([{ of: 'tokens', block: last, facet: 'residual' }])).toBe(false);
        });
      });

      test.each(fixture.cases)('at $rows × $columns: rollout', async (each) => {
        const wrong: string[] = [];
        for (const maxScoresBytes of chunkings(fixture.cases, each, tokensOf(each), numHeads))
          await withPass(
            each,
            [everything],
            async (tapped) => {
              for (const { options, cls, patch } of each.rollouts) {
                const [ofCls, ofPatch] = [
                  await rollOut(tapped, 0, options),
                  await rollOut(tapped, each.patch, options),
                ];
                wrong.push(
                  ...differing(options, [
                    [ofCls, cls],
                    [ofPatch, patch],
                  ]),
                );
              }
            },
            maxScoresBytes,
          );
        expect(wrong).toEqual([]);
      });

      test.each(fixture.cases)('at $rows × $columns: entropy and distance of every head', async (each) => {
        for (const maxScoresBytes of chunkings(fixture.cases, each, tokensOf(each), numHeads))
          await withPass(
            each,
            [everything],
            async (tapped) => {
              const { entropy, distance } = await readHeadStatistics(tapped, 'all');
              expect(maxAbsDifference(entropy, each.entropy) / largestOf(each.entropy)).toBeLessThan(
                tolerance,
              );
              expect(maxAbsDifference(distance, each.distance) / largestOf(each.distance)).toBeLessThan(
                tolerance,
              );
            },
            maxScoresBytes,
          );
      });

      test.each(fixture.cases)('at $rows × $columns: the plain pass gives the same', async (each) => {
        const tokens = tokensOf(each);
        const special = 1 + numRegisters;
        const image = tf.tensor3d(each.input, [each.size.height, each.size.width, 3]);
        const { attentions, tokens: ofBlocks, feature } = forwardPlain(parameters, image);
        for (const [block, of] of ofBlocks.entries()) {
          for (const facet of facets) {
            const expected = each.blocks[block]?.[facet] as Float32Array;
            const difference = maxAbsDifference((await of[facet].data()) as Float32Array, expected);
            expect(difference / largestOf(expected)).toBeLessThan(tolerance);
          }
          expectNorms((await of.residual.data()) as Float32Array, each.norms[block] as Float32Array);
        }
        const matrices = await Promise.all(
          attentions.map(async (attention) => (await attention.data()) as Float32Array),
        );
        tf.dispose([image, attentions, ofBlocks, feature]);
        for (const { options, cls, patch } of each.rollouts) {
          const product = rollOutMatrices(matrices, tokens, options);
          const row = (query: number): Float64Array => product.subarray(query * tokens, (query + 1) * tokens);
          expect(
            differing(options, [
              [row(0), cls],
              [row(each.patch), patch],
            ]),
          ).toEqual([]);
        }
        for (const [block, matrix] of matrices.entries())
          for (let head = 0; head < numHeads; head++) {
            const rows = Array.from({ length: tokens }, (__, query) => {
              const begin = (head * tokens + query) * tokens;
              return matrix.subarray(begin, begin + tokens);
            });
            const entropy = rows.reduce((sum, row) => sum + rowEntropy(row), 0) / tokens;
            const distances = rows.slice(special).map((row, i) => {
              const from = { row: Math.floor(i / each.columns), column: i % each.columns };
              return rowDistance(row.subarray(special), each.columns, from);
            });
            const distance = distances.reduce((sum, one) => sum + one, 0) / distances.length;
            const at = block * numHeads + head;
            expect(Math.abs(entropy - (each.entropy[at] as number))).toBeLessThan(10 * tolerance);
            expect(Math.abs(distance - (each.distance[at] as number))).toBeLessThan(10 * tolerance);
          }
        await withPass(each, [everything], async (tapped) => {
          const mean = rollOutMatrices([matrices[0] as Float32Array], tokens, {
            fusion: 'mean',
            discardRatio: 0,
            normalise: 'rows',
          });
          await forEachFusedRows(tapped, 0, 'mean', (values, firstRow) => {
            expect(firstRow).toBe(0);
            const withResidual = Float64Array.from(values, (value, i) =>
              Math.fround((value + (Math.floor(i / tokens) === i % tokens ? 1 : 0)) / 2),
            );
            expect(maxAbsDifference(withResidual, mean)).toBeLessThan(tolerance);
          });
        });
      });

      test('a pass ends where nothing more is wanted', async () => {
        const [each] = fixture.cases as [TapCase, ...TapCase[]];
        const run = async (taps: readonly Tap[]): Promise<number[]> => {
          const done: number[] = [];
          const tapped = await runForward(parameters, each.input, each.size, taps, {
            faults: backend.faults,
            afterBlock: (count) => {
              done.push(count);
              return Promise.resolve();
            },
          });
          tapped.dispose();
          return done;
        };
        for (const block of blocks) {
          const expected = blocks.slice(1, block + 1);
          expect(await run([{ of: 'tokens', block, facet: 'key' }])).toEqual(expected);
          expect(await run([{ of: 'tokens', block, facet: 'out' }])).toEqual(expected);
        }
        expect(await run([])).toEqual([]);
      });

      test('a pass that is cancelled leaves no tensor behind', async () => {
        const [each] = fixture.cases as [TapCase, ...TapCase[]];
        const stop = new AbortController();
        const run = runForward(parameters, each.input, each.size, [everything], {
          faults: backend.faults,
          signal: stop.signal,
          afterBlock: () => {
            stop.abort();
            return Promise.resolve();
          },
        });
        if (depth === 1) (await run).dispose();
        else await expect(run).rejects.toMatchObject({ failure: { code: 'cancelled' } });
      });

      test('rollout and statistics that are cancelled leave no tensor behind', async () => {
        const [each] = fixture.cases as [TapCase, ...TapCase[]];
        const stopped = async (
          run: (
            tapped: Tapped,
            steps: { signal: AbortSignal; afterBlock: () => Promise<void> },
          ) => Promise<unknown>,
        ): Promise<unknown> => {
          const stop = new AbortController();
          const afterBlock = (): Promise<void> => {
            stop.abort();
            return Promise.resolve();
          };
          let outcome: unknown = null;
          await withPass(each, [everything], async (tapped) => {
            outcome = await run(tapped, { signal: stop.signal, afterBlock }).catch((error: unknown) => error);
          });
          return outcome;
        };
        const options = { fusion: 'max', discardRatio: 0, normalise: 'rows' } as const;
        const outcomes = [
          await stopped((tapped, steps) => rollOut(tapped, 0, options, steps)),
          await stopped((tapped, steps) => rollOut(tapped, 0, { ...options, discardRatio: 0.5 }, steps)),
          await stopped((tapped, steps) => readHeadStatistics(tapped, 'all', steps)),
        ];
        const cancelled: unknown = expect.objectContaining({ failure: { code: 'cancelled' } });
        if (depth > 1) expect(outcomes).toEqual([cancelled, cancelled, cancelled]);
        else expect(outcomes).not.toContainEqual(cancelled);
      });

      test('many queries are kept as what they are computed from', async () => {
        const [each] = fixture.cases as [TapCase, ...TapCase[]];
        const many = Array.from({ length: tokensOf(each) }, (__, token) => token);
        const taps: Tap[] = [{ of: 'attention', blocks: [0], queries: many }];
        const isMany = many.length * numHeads > 2 * embedDim;
        await withPass(each, taps, async (tapped) => {
          expect(tapped.answers([{ of: 'tokens', block: 0, facet: 'key' }])).toBe(isMany);
          const { values } = await readAttention(tapped, [0], [each.patch]);
          const row = numHeads * tokensOf(each);
          expect(maxAbsDifference(values, each.attention.subarray(row, 2 * row))).toBeLessThan(tolerance);
        });
      });
    },
  );
}
