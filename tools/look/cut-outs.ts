/** Masks of a lens as PNG files, and what they cut out of the photograph. */
import type { FoundMask } from '../../src/core/found-mask.ts';
import type { Box } from '../../src/core/geometry.ts';
import { encodeCutOut, encodeMask } from '../../src/formats/mask-png.ts';
import type { PixelGrid } from '../../src/media/resample.ts';

/** @returns the part of a file's name that says what is shown */
export const fileNameOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '');

interface CutOuts {
  /** By name, in the order of the masks. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the JSON says of them. */
  readonly masks: readonly {
    readonly title: string;
    readonly box: Box | null;
    readonly mask: string;
    readonly cutOut: string;
  }[];
}

/** How the names of a mask's files end. */
const endingsOf = ({ title }: FoundMask) =>
  ({ mask: `-${fileNameOf(title)}-mask.png`, cutOut: `-${fileNameOf(title)}-cut-out.png` }) as const;

export const cutOutEndings = (found: readonly FoundMask[]): readonly string[] =>
  found.flatMap((each) => Object.values(endingsOf(each)));

/** @param name of the photograph's files, without an ending */
export async function makeCutOuts(
  photo: PixelGrid,
  found: readonly FoundMask[],
  name: string,
): Promise<CutOuts> {
  const files = new Map<string, Uint8Array>();
  const masks = found.map((each) => {
    const { mask, cutOut } = endingsOf(each);
    return { title: each.title, box: each.box, mask: `${name}${mask}`, cutOut: `${name}${cutOut}` };
  });
  const bytesOf = async (file: Blob): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());
  for (const [at, { mask, cutOut }] of masks.entries()) {
    const one = found.slice(at, at + 1);
    files.set(mask, await bytesOf(await encodeMask(one)));
    files.set(cutOut, await bytesOf(await encodeCutOut(photo, one)));
  }
  return { files, masks };
}
