/** What a network's training took from a photograph's values in [0, 1], and divided them by: one number for red, green and blue each. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** All official DINO networks were trained with it, and every network that runs here gets its photographs by it. */
export const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** @returns its numbers in words */
export function describeNormalisation({ mean, std }: Normalisation): string {
  const [means, deviations] = [mean, std].map((values) =>
    values.map((value) => Number(value.toPrecision(6))).join(', '),
  );
  return `mean ${means}, standard deviation ${deviations}`;
}
