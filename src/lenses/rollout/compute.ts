import { fail, succeed } from '../../core/result.ts';
import { rollOut } from '../../vit/roll-out.ts';
import { tokenOf } from '../ask-token.ts';
import type { LensCompute } from '../lens-compute.ts';
import type { RolloutParams, RolloutResult } from './contract.ts';

export const rolloutCompute: LensCompute<RolloutParams, RolloutResult> = {
  taps: () => ({ needs: [{ of: 'attention', blocks: 'all', queries: 'all' }], keeps: [] }),

  async compute([pass], params, { signal, onProgress }) {
    if (pass === undefined) throw new Error('rollout needs a pass');
    const { model, frame, tapped } = pass;
    const token = tokenOf(params, model, frame);
    // The patch belongs to another grid: the question is out of date.
    if (token === null) return fail({ code: 'cancelled' });
    const { depth, numRegisters } = model;
    const { fusion, discard: discardRatio, normalise } = params;
    const row = await rollOut(
      tapped,
      token.index,
      { fusion, discardRatio, normalise },
      {
        signal,
        afterBlock: (blocksDone) => Promise.resolve(onProgress(blocksDone / depth)),
      },
    );
    const special = 1 + numRegisters;
    return succeed({
      query: token.query,
      depth,
      rows: frame.rows,
      columns: frame.columns,
      map: row.slice(special),
      specialShares: row.slice(0, special),
    });
  },

  transfer: ({ map, specialShares }) => [map.buffer, specialShares.buffer],

  arrays: ({ rows, columns, map }) => [{ suffix: '', shape: [rows, columns], values: map }],

  numbers: ({ query, depth, specialShares }) => ({
    query,
    blocks: depth,
    specialShares: [...specialShares],
  }),
};
