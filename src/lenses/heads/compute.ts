import { fail, succeed } from '../../core/result.ts';
import { tokenOf } from '../ask-token.ts';
import { blockIndex } from '../block-choice.ts';
import type { LensCompute } from '../lens-compute.ts';
import type { HeadsParams, HeadsResult } from './contract.ts';

export const headsCompute: LensCompute<HeadsParams, HeadsResult> = {
  taps(model, { block, patch }) {
    const blocks = [blockIndex(block, model)];
    const any = { of: 'attention', blocks, queries: 'all' } as const;
    // The pass computes the rows of CLS itself; rows of a patch are computed from what it keeps.
    return patch === null
      ? { needs: [{ of: 'attention', blocks, queries: 'special' }], keeps: [any] }
      : { needs: [any], keeps: [] };
  },

  async compute([pass], params) {
    if (pass === undefined) throw new Error('heads needs a pass');
    const start = performance.now();
    const { model, frame } = pass;
    const token = tokenOf(params, model, frame);
    // The patch belongs to another grid: the question is out of date.
    if (token === null) return fail({ code: 'cancelled' });
    const block = blockIndex(params.block, model);
    const { values, tokens, readAt } = await pass.readAttention([block], [token.index]);
    const { numHeads, numRegisters } = model;
    const { rows, columns } = frame;
    const special = 1 + numRegisters;
    const patches = rows * columns;
    const maps = new Float32Array(numHeads * patches);
    const specialShares = new Float32Array(numHeads * special);
    for (let head = 0; head < numHeads; head++) {
      const row = values.subarray(head * tokens, (head + 1) * tokens);
      specialShares.set(row.subarray(0, special), head * special);
      maps.set(row.subarray(special), head * patches);
    }
    return succeed({
      block,
      query: token.query,
      numHeads,
      numRegisters,
      rows,
      columns,
      maps,
      specialShares,
      lookMs: readAt - start,
    });
  },

  transfer: ({ maps, specialShares }) => [maps.buffer, specialShares.buffer],

  arrays: ({ numHeads, rows, columns, maps }) => [
    { suffix: '', shape: [numHeads, rows, columns], values: maps },
  ],

  numbers: ({ block, query, numHeads, numRegisters, specialShares }) => ({
    block: block + 1,
    query,
    heads: numHeads,
    registers: numRegisters,
    specialShares: Array.from({ length: numHeads }, (_, head) => [
      ...specialShares.subarray(head * (1 + numRegisters), (head + 1) * (1 + numRegisters)),
    ]),
  }),
};
