/** The arrays of recognition's answers: made for the answer and not kept here, so they go to the page without being copied. */
import type { RecogniseContract } from '../rpc/recognise-contract.ts';

type Arrays = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

interface WithPredictions {
  readonly predictions: Arrays;
  readonly shares: Arrays;
}

const ofPredictions = ({ predictions, shares }: WithPredictions): readonly Arrays[] => [predictions, shares];

const arrays = {
  openCollection: ({ thumbnailEnds }) => [thumbnailEnds],
  vote: ({ neighbours, confusion, ...told }) => [
    ...ofPredictions(told),
    neighbours.items,
    neighbours.cosines,
    confusion,
  ],
  trainProbe: ofPredictions,
  openProbe: ofPredictions,
  lookAlikes: ({ nearest }) => (nearest === null ? [] : [nearest.items, nearest.cosines]),
  layOut: ({ places }) => [places],
} satisfies {
  readonly [M in keyof RecogniseContract]?: (result: RecogniseContract[M]['result']) => readonly Arrays[];
};

/** A question whose answer has arrays. */
export type RecogniseAnswer = keyof typeof arrays;

export const isRecogniseAnswer = (method: string): method is RecogniseAnswer => method in arrays;

export const arraysOfAnswer = <M extends RecogniseAnswer>(
  method: M,
  result: RecogniseContract[M]['result'],
): readonly Arrays[] => (arrays[method] as (of: RecogniseContract[M]['result']) => readonly Arrays[])(result);
