/** Reads enough of an ICC profile to tell whether it differs from sRGB. Source: ICC.1:2022, sections 7 to 10. */
import { ascii, viewOf } from './image-file.ts';

interface Tag {
  readonly offset: number;
  readonly length: number;
}

/** X, Y, Z of sRGB's red, green and blue, adapted to D50 as in profiles. Source: IEC 61966-2-1, adapted by Bradford. */
const srgbColorants: Readonly<Record<string, readonly [number, number, number]>> = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
};
const colorantTolerance = 0.01;

/** sRGB's linear value at half the signal: 0.214. A gamma of 2.2 gives 0.218, one of 1.8 gives 0.287. */
const srgbAtHalf = 0.214;
const curveTolerance = 0.015;

function tagsOf(profile: Uint8Array): Map<string, Tag> {
  const view = viewOf(profile);
  const tags = new Map<string, Tag>();
  const count = profile.length >= 132 ? view.getUint32(128) : 0;
  for (let at = 132; tags.size < count && at + 12 <= profile.length; at += 12) {
    const tag = { offset: view.getUint32(at + 4), length: view.getUint32(at + 8) };
    if (tag.offset + tag.length > profile.length) break;
    tags.set(ascii(profile, at, 4), tag);
  }
  return tags;
}

const fixedPoint = (view: DataView, at: number): number => view.getInt32(at) / 65_536;

/** @returns the curve's value at half the signal; null if the kind of curve is unknown */
function curveAtHalf(profile: Uint8Array, { offset, length }: Tag): number | null {
  const view = viewOf(profile);
  const type = ascii(profile, offset, 4);
  if (type === 'curv' && length >= 12) {
    const count = view.getUint32(offset + 8);
    if (count === 0) return 0.5;
    if (length < 12 + 2 * count) return null;
    if (count === 1) return 0.5 ** (view.getUint16(offset + 12) / 256);
    const middle = (count - 1) / 2;
    const at = (i: number): number => view.getUint16(offset + 12 + 2 * i) / 65_535;
    return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  }
  if (type !== 'para' || length < 16) return null;
  const gamma = fixedPoint(view, offset + 12);
  if (view.getUint16(offset + 8) === 0) return 0.5 ** gamma;
  if (length < 24) return null;
  // Half the signal is above the linear part at the start of sRGB's curve and similar ones.
  return (fixedPoint(view, offset + 16) * 0.5 + fixedPoint(view, offset + 20)) ** gamma;
}

/** @returns true if the profile is so near sRGB that it need not be applied */
export function isNearSrgb(profile: Uint8Array): boolean {
  const tags = tagsOf(profile);
  const view = viewOf(profile);
  const hasCurve = (name: string): boolean => {
    const tag = tags.get(name);
    const half = tag === undefined ? null : curveAtHalf(profile, tag);
    return half !== null && Math.abs(half - srgbAtHalf) <= curveTolerance;
  };
  if (ascii(profile, 16, 4) === 'GRAY') return hasCurve('kTRC');
  if (ascii(profile, 16, 4) !== 'RGB ') return false;
  const hasColorant = ([name, expected]: readonly [string, readonly number[]]): boolean => {
    const tag = tags.get(name);
    if (tag === undefined || tag.length < 20) return false;
    return expected.every(
      (value, i) => Math.abs(fixedPoint(view, tag.offset + 8 + 4 * i) - value) <= colorantTolerance,
    );
  };
  return Object.entries(srgbColorants).every(hasColorant) && ['rTRC', 'gTRC', 'bTRC'].every(hasCurve);
}
