import { FailureError } from '../../core/failure.ts';
import type { ModelDescription } from '../../core/model.ts';
import { succeed } from '../../core/result.ts';
import type { Tap } from '../../vit/taps.ts';
import { blockIndex } from '../block-choice.ts';
import type { LensCompute } from '../lens-compute.ts';
import { outlierFactor, type NormsParams, type NormsResult } from './contract.ts';

const facetOf = ({ finalNorm }: Pick<NormsParams, 'finalNorm'>): 'out' | 'residual' =>
  finalNorm === 'after' ? 'out' : 'residual';

const tapOf = (block: number, params: Pick<NormsParams, 'finalNorm'>): Tap => ({
  of: 'tokens',
  block,
  facet: facetOf(params),
});

/** @param tokens shape [T, C] @returns shape [T]; sums are in float64 */
function normsOf(tokens: Float32Array, channels: number): Float32Array<ArrayBuffer> {
  const norms = new Float32Array(tokens.length / channels);
  for (let token = 0; token < norms.length; token++) {
    let sum = 0;
    for (let at = token * channels; at < (token + 1) * channels; at++) sum += (tokens[at] as number) ** 2;
    norms[token] = Math.sqrt(sum);
  }
  return norms;
}

/** Of an even number of values the mean of the two in the middle. */
function medianOf(sorted: Float32Array): number {
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}

function statisticsOf(map: Float32Array): Pick<NormsResult, 'min' | 'median' | 'max' | 'outliers'> {
  const sorted = map.toSorted();
  const median = medianOf(sorted);
  return {
    min: sorted[0] as number,
    median,
    max: sorted.at(-1) as number,
    outliers: sorted.filter((norm) => norm > outlierFactor * median).length,
  };
}

/** @throws FailureError 'wrong-result': no network has a token of length 0, or of no length */
function checkNorms(norms: Float32Array): void {
  const wrong = norms.find((norm) => !(norm > 0 && norm < Infinity));
  if (wrong !== undefined)
    throw new FailureError({ code: 'wrong-result', problem: `a token has the norm ${wrong}` });
}

const describeBlock = ({ depth }: ModelDescription, params: NormsParams) => {
  const block = blockIndex(params.block, { depth });
  return { block, depth, isAfterFinalNorm: block === depth - 1 && params.finalNorm === 'after' };
};

export const normsCompute: LensCompute<NormsParams, NormsResult> = {
  taps: (model, params) => ({
    needs: [tapOf(blockIndex(params.block, model), params)],
    // Going through the blocks then needs no other pass.
    keeps: [
      ...Array.from({ length: model.depth }, (_, block) => tapOf(block, { finalNorm: 'before' })),
      tapOf(model.depth - 1, { finalNorm: 'after' }),
    ],
  }),

  async compute([pass], params) {
    if (pass === undefined) throw new Error('norms needs a pass');
    const { model, frame } = pass;
    const described = describeBlock(model, params);
    const norms = normsOf(await pass.readTokens(described.block, facetOf(params)), model.embedDim);
    checkNorms(norms);
    const special = 1 + model.numRegisters;
    const map = norms.slice(special);
    return succeed({
      ...described,
      rows: frame.rows,
      columns: frame.columns,
      map,
      specialNorms: norms.slice(0, special),
      ...statisticsOf(map),
    });
  },

  transfer: ({ map, specialNorms }) => [map.buffer, specialNorms.buffer],

  arrays: ({ rows, columns, map }) => [{ suffix: '', shape: [rows, columns], values: map }],

  numbers: ({ block, isAfterFinalNorm, min, median, max, outliers, map, specialNorms }) => ({
    block: block + 1,
    isAfterFinalNorm,
    min,
    median,
    max,
    outliersLongerThanMedianTimes: outlierFactor,
    outliers,
    outlierShare: outliers / map.length,
    specialNorms: [...specialNorms],
  }),
};
