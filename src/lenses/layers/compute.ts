import { fail, succeed } from '../../core/result.ts';
import { rowEntropy } from '../../attention/row-statistics.ts';
import { readHeadStatistics } from '../../vit/head-statistics.ts';
import { tokenOf } from '../ask-token.ts';
import type { LensCompute } from '../lens-compute.ts';
import type { LayersParams, LayersResult } from './contract.ts';

export const layersCompute: LensCompute<LayersParams, LayersResult> = {
  taps(_, { patch, measure }) {
    const any = { of: 'attention', blocks: 'all', queries: 'all' } as const;
    const special = { of: 'attention', blocks: 'all', queries: 'special' } as const;
    // The pass computes the rows of CLS itself; patches and measures need the kept queries and keys.
    if (measure) return { needs: patch === null ? [special, any] : [any], keeps: [] };
    return patch === null ? { needs: [special], keeps: [any] } : { needs: [any], keeps: [] };
  },

  async compute([pass], params, { signal, onProgress }) {
    if (pass === undefined) throw new Error('layers needs a pass');
    const { model, frame, tapped } = pass;
    const token = tokenOf(params, model, frame);
    // The patch belongs to another grid: the question is out of date.
    if (token === null) return fail({ code: 'cancelled' });
    const { depth, numHeads, numRegisters } = model;
    const { rows, columns } = frame;
    const { values, tokens } = await pass.readAttention('all', [token.index]);
    const special = 1 + numRegisters;
    const patches = rows * columns;
    const maps = new Float32Array(depth * numHeads * patches);
    const ownEntropy = new Float32Array(depth * numHeads);
    for (let head = 0; head < depth * numHeads; head++) {
      const row = values.subarray(head * tokens, (head + 1) * tokens);
      maps.set(row.subarray(special), head * patches);
      ownEntropy[head] = rowEntropy(row);
    }
    const measured = params.measure
      ? await readHeadStatistics(tapped, 'all', {
          signal,
          afterBlock: (blocksDone) => Promise.resolve(onProgress(blocksDone / depth)),
        })
      : null;
    return succeed({
      query: token.query,
      depth,
      numHeads,
      rows,
      columns,
      maps,
      ownEntropy,
      measured: measured && { entropy: measured.entropy, distance: measured.distance },
    });
  },

  transfer: ({ maps, ownEntropy, measured }) => [
    maps.buffer,
    ownEntropy.buffer,
    ...(measured === null ? [] : [measured.entropy.buffer, measured.distance.buffer]),
  ],

  arrays: ({ depth, numHeads, rows, columns, maps }) => [
    { suffix: '', shape: [depth, numHeads, rows, columns], values: maps },
  ],

  numbers({ query, depth, numHeads, ownEntropy, measured }) {
    const byBlock = (values: Float32Array): number[][] =>
      Array.from({ length: depth }, (_, block) => [
        ...values.subarray(block * numHeads, (block + 1) * numHeads),
      ]);
    return {
      query,
      blocks: depth,
      heads: numHeads,
      entropyOfQueryNats: byBlock(ownEntropy),
      ...(measured === null
        ? {}
        : {
            meanEntropyNats: byBlock(measured.entropy),
            meanDistancePatches: byBlock(measured.distance),
          }),
    };
  },
};
