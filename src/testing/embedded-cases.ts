/** PyTorch's attention of the embedded model on the sample photographs (tools/reference). */
import cases from '../../tools/reference/fixtures/embedded/cases.json';
import type { FramingOptions } from '../core/photo.ts';

export interface EmbeddedCase {
  readonly sample: string;
  readonly framing: FramingOptions;
  /** A file in the folder of cases.json; float32 [heads, rows, columns]. */
  readonly file: string;
  readonly heads: number;
  readonly rows: number;
  readonly columns: number;
  readonly tokens: number;
  readonly box: {
    readonly top: number;
    readonly left: number;
    readonly height: number;
    readonly width: number;
  };
  readonly decodedSha256: string;
  readonly resizedSha256: string;
}

export const embeddedCases: readonly EmbeddedCase[] = cases.map(({ shape, side, ...rest }) => {
  if (shape !== 'photograph' && shape !== 'square') throw new Error(`unknown framing ${shape}`);
  return { ...rest, framing: { shape, sidePx: side } };
});

export const nameOf = ({ sample, framing }: EmbeddedCase): string =>
  `${sample}, ${framing.shape} ${framing.sidePx}`;
