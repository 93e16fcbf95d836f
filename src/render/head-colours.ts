import type { Rgb } from './colour-maps.ts';

/**
 * For up to eight heads. Found by a random search that started at Okabe and Ito's palette and raised the smallest
 * distance in OKLab for normal vision, protanopia and deuteranopia together, with a floor on lightness so that every
 * colour glows on a dimmed photograph; the test beside this file holds it there.
 */
const distinct: readonly Rgb[] = [
  [255, 163, 34], // orange
  [33, 186, 255], // sky blue
  [0, 143, 99], // green
  [255, 118, 186], // pink
  [251, 255, 99], // yellow
  [80, 98, 245], // blue
  [248, 4, 0], // red
  [248, 216, 232], // pale rose
];

const encodeGamma = (linear: number): number => {
  const value = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055));
};

/** OKLCh (Ottosson 2020) to sRGB; what lies outside the gamut is clipped. */
function okLchToRgb(lightness: number, chroma: number, hueTurns: number): Rgb {
  const a = chroma * Math.cos(hueTurns * 2 * Math.PI);
  const b = chroma * Math.sin(hueTurns * 2 * Math.PI);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encodeGamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encodeGamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encodeGamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** @returns one colour a head; for more than eight, hues at equal steps with the lightness going up and down */
export function headColours(numHeads: number): readonly Rgb[] {
  if (numHeads <= distinct.length) return distinct.slice(0, numHeads);
  return Array.from({ length: numHeads }, (_, head) =>
    okLchToRgb(head % 2 === 0 ? 0.82 : 0.64, 0.16, 0.16 + head / numHeads),
  );
}
