/** Results of looks for tests of the page; their numbers have no meaning. */
import type { BackendDescription } from '../core/backend.ts';
import type { Frame, PassFacts } from '../core/frame.ts';
import type { ModelDescription } from '../core/model.ts';
import type { HeadsResult } from '../lenses/heads/contract.ts';
import type { LookResult, Query } from '../lenses/lens-contract.ts';

export const someBackend: BackendDescription = {
  name: 'webgpu',
  device: 'test',
  reason: { kind: 'best' },
  selfCheckMaxAbsDifference: 0,
};

export const someModel: ModelDescription = {
  id: 'nano',
  title: 'Nano',
  hash: 'nano',
  embedDim: 8,
  depth: 2,
  numHeads: 2,
  patchSizePx: 8,
  numRegisters: 0,
  parameterCount: 100,
};

/** A frame of this many patches that covers a whole photograph of 120 × 60 px. */
export const frameOfGrid = (rows: number, columns: number): Frame => ({
  rows,
  columns,
  box: { top: 0, left: 0, height: 60, width: 120 },
  photoSizePx: { height: 60, width: 120 },
  inputSizePx: { height: rows * 8, width: columns * 8 },
});

export const passFacts = (frame: Frame, tokens = 1 + frame.rows * frame.columns): PassFacts => ({
  frame,
  tokens,
  timings: { decodeMs: 1, prepareMs: 1, forwardMs: 1 },
  notices: [],
});

interface LookResultOptions {
  readonly numHeads?: number;
  readonly numRegisters?: number;
  readonly query?: Query;
  readonly tokens?: number;
}

/** A result of the heads lens in which each value of the maps is different. */
export function lookedAtHeads(
  { rows, columns }: Pick<Frame, 'rows' | 'columns'>,
  { numHeads = 2, numRegisters = 0, query = { token: 0, patch: null }, tokens }: LookResultOptions = {},
): LookResult<HeadsResult> {
  return {
    passes: [passFacts(frameOfGrid(rows, columns), tokens)],
    result: {
      block: 1,
      query,
      numHeads,
      numRegisters,
      rows,
      columns,
      maps: Float32Array.from({ length: numHeads * rows * columns }, (_, i) => (1 + i) / 1000),
      specialShares: Float32Array.from({ length: numHeads * (1 + numRegisters) }, (_, i) => (1 + i) / 10),
      lookMs: 2,
    },
  };
}
