/** What two pictures of one photograph have in common. */
import { agreementOf, differenceOf, usualShare, type Agreement } from '../attention/agreement.ts';
import type { Frame } from '../core/frame.ts';
import type { Layer, ScalarLayer } from './layers.ts';

export type { Agreement };

interface DrawnMap {
  readonly frame: Frame;
  readonly map: Float32Array;
  /** Of its mass, that its mask holds. */
  readonly share: number;
}

type Layers = readonly Layer[];

/** The one map that is drawn; null where there is none, or more than one. */
function mapIn(layers: Layers): DrawnMap | null {
  const maps = layers.flatMap((layer): DrawnMap[] => {
    if (layer.kind !== 'scalar' && layer.kind !== 'veil') return [];
    const { frame, map } = layer;
    return [{ frame, map, share: layer.kind === 'veil' ? layer.share : usualShare }];
  });
  const [only, ...others] = maps;
  return only === undefined || others.some(({ map }) => map !== only.map) ? null : only;
}

function mapsIn(own: Layers, other: Layers): readonly [DrawnMap, DrawnMap] | null {
  const [one, second] = [mapIn(own), mapIn(other)];
  if (one === null || second === null) return null;
  const isSame = one.frame.rows === second.frame.rows && one.frame.columns === second.frame.columns;
  return isSame ? [one, second] : null;
}

interface KnownAgreement {
  readonly other: DrawnMap;
  readonly share: number;
  readonly agreement: Agreement;
}

/** The last agreement of each map: several parts of the page tell it. */
const known = new WeakMap<Float32Array, KnownAgreement>();

/** @returns null where the pictures do not draw one map each, on the same grid */
export function agreementIn(own: Layers, other: Layers): Agreement | null {
  const maps = mapsIn(own, other);
  if (maps === null) return null;
  const [{ map, share }, second] = maps;
  const last = known.get(map);
  if (last?.share === share && last.other.map === second.map && last.other.share === second.share)
    return last.agreement;
  const agreement = agreementOf(...maps);
  known.set(map, { other: second, share, agreement });
  return agreement;
}

/**
 * Red where `own` is brighter, blue where `other` is.
 * @param opacity 0..1
 * @returns null where the pictures do not draw one map each, on the same grid
 */
export function differenceLayer(own: Layers, other: Layers, opacity: number): ScalarLayer | null {
  const maps = mapsIn(own, other);
  if (maps === null) return null;
  const [{ frame, map }, second] = maps;
  return {
    kind: 'scalar',
    frame,
    map: differenceOf(map, second.map),
    colours: 'difference',
    range: { min: -1, max: 1 },
    smooth: true,
    opacity,
  };
}
