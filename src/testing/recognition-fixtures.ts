/** What NumPy, SciPy and PyTorch find (tools/reference/make_recognition.py). */
import stored from '../../tools/reference/fixtures/recognition.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { featureKinds, type FeatureKind } from '../core/recognition.ts';

interface ExpectedVotes {
  readonly k: number;
  readonly shares: Float32Array;
  readonly predictions: readonly number[];
  readonly confusion: readonly number[];
  readonly accuracy: number;
}

interface ExpectedNeighbours {
  /** Of each query all items of the bank, the nearest first. */
  readonly items: readonly number[];
  readonly cosines: Float32Array;
  readonly votes: readonly ExpectedVotes[];
}

interface StoredNeighbours {
  readonly items: readonly (readonly number[])[];
  readonly cosines: string;
  readonly votes: readonly (Omit<ExpectedVotes, 'shares' | 'confusion'> & {
    readonly shares: string;
    readonly confusion: readonly (readonly number[])[];
  })[];
}

const readNeighbours = ({ items, cosines, votes }: StoredNeighbours): ExpectedNeighbours => ({
  items: items.flat(),
  cosines: floatsOfBase64(cosines),
  votes: votes.map((each) => ({
    ...each,
    shares: floatsOfBase64(each.shares),
    confusion: each.confusion.flat(),
  })),
});

interface ExpectedRecognition {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly channels: number;
  readonly classCount: number;
  /** shape [M, 3, C] */
  readonly bank: Float32Array;
  /** shape [N, 3, C] */
  readonly queries: Float32Array;
  readonly classesOfBank: readonly number[];
  readonly classesOfQueries: readonly number[];
  /** shape [M, D] */
  readonly vectors: Float32Array;
  readonly ofQueries: ExpectedNeighbours;
  readonly leaveOneOut: ExpectedNeighbours;
}

export const recognitionCases: readonly ExpectedRecognition[] = stored.neighbours.flatMap(
  ({ bank, queries, kinds, ...facts }, at) =>
    featureKinds.map((kind) => ({
      ...facts,
      name: `${kind} of case ${at}`,
      kind,
      bank: floatsOfBase64(bank),
      queries: floatsOfBase64(queries),
      vectors: floatsOfBase64(kinds[kind].bank),
      ofQueries: readNeighbours(kinds[kind].ofQueries),
      leaveOneOut: readNeighbours(kinds[kind].leaveOneOut),
    })),
);

export const groupCases = stored.groups.map(({ channels, features, groups, places, medianDistance }) => {
  const values = floatsOfBase64(features);
  return {
    vectors: { count: values.length / channels, channels, values },
    groups: Object.entries<number[][]>(groups).map(([threshold, of]) => ({
      threshold: Number(threshold),
      of,
    })),
    places: floatsOfBase64(places),
    medianDistance,
  };
});

export const probeCases = stored.probes.map(({ channels, classCount, features, classes, fits }) => {
  const values = floatsOfBase64(features);
  return {
    inputs: { count: values.length / channels, channels, values },
    classCount,
    classes,
    fits: fits.map((fit) => ({ ...fit, shares: floatsOfBase64(fit.shares) })),
  };
});
