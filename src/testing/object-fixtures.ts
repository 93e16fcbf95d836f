/** The objects found by SciPy (tools/reference/make_objects.py). */
import stored from '../../tools/reference/fixtures/objects.json' with { type: 'json' };
import { floatsOfBase64 } from '../core/base64.ts';
import type { FramingOptions } from '../core/photo.ts';
import type { Box } from '../core/geometry.ts';
import { facets, type FeatureChoice } from '../core/model.ts';

interface ExpectedMask {
  readonly seed: number;
  /** shape [rows, columns] */
  readonly mask: readonly number[];
}

interface ExpectedCut extends ExpectedMask {
  /** The eigenvector; its value of largest magnitude is on the object's side. */
  readonly vector: Float32Array;
}

export interface ExpectedObjects {
  readonly lost: ExpectedMask & { readonly degrees: readonly number[]; readonly likeness: Float32Array };
  readonly tokencut: ExpectedCut;
  /** Difference between the third eigenvalue and the second; if it is near 0, every cut is equally good. */
  readonly gap: number;
  readonly maskcut: readonly ExpectedCut[];
  /** The smallest gap over all rounds. */
  readonly maskcutGap: number;
}

type StoredMask = Omit<ExpectedMask, 'mask'> & { readonly mask: string };
type StoredCut = StoredMask & { readonly vector: string };

interface StoredObjects {
  readonly lost: StoredMask & { readonly degrees: readonly number[]; readonly likeness: string };
  readonly tokencut: StoredCut & { readonly gap: number };
  readonly maskcut: { readonly objects: readonly StoredCut[]; readonly gap: number };
}

const readMask = ({ seed, mask }: StoredMask): ExpectedMask => ({ seed, mask: Array.from(mask, Number) });
const readCut = (cut: StoredCut): ExpectedCut => ({ ...readMask(cut), vector: floatsOfBase64(cut.vector) });

const readObjects = ({ lost, tokencut, maskcut }: StoredObjects): ExpectedObjects => ({
  lost: { ...readMask(lost), degrees: lost.degrees, likeness: floatsOfBase64(lost.likeness) },
  tokencut: readCut(tokencut),
  gap: tokencut.gap,
  maskcut: maskcut.objects.map(readCut),
  maskcutGap: maskcut.gap,
});

export interface EmbeddedObjects extends ExpectedObjects {
  readonly name: string;
  readonly sample: string;
  readonly framing: FramingOptions;
  readonly features: FeatureChoice;
  readonly boxes: { readonly lost: Box; readonly tokencut: Box };
}

export const embeddedObjects: readonly EmbeddedObjects[] = stored.embedded.map((each): EmbeddedObjects => {
  const { sample, shape, side, block } = each;
  const facet = facets.find((known) => known === each.facet);
  if (facet === undefined || (shape !== 'photograph' && shape !== 'square'))
    throw new Error(`unknown facet ${each.facet} or framing ${shape}`);
  return {
    ...readObjects(each),
    name: `${sample}, ${shape}, ${facet}s of block ${block}`,
    sample,
    framing: { shape, sidePx: side },
    features: { block, facet },
    boxes: { lost: each.lost.box, tokencut: each.tokencut.box },
  };
});

/** From the keys of the last block of each network in `tapFixtures`, by name and case. */
export const familyObjects: readonly (ExpectedObjects & { readonly network: string; readonly at: number })[] =
  stored.families.map((each) => ({ ...readObjects(each), network: each.network, at: each.case }));
