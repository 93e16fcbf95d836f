import {
  interpolateCividis,
  interpolateInferno,
  interpolateMagma,
  interpolatePlasma,
  interpolateRdBu,
  interpolateViridis,
} from 'd3-scale-chromatic';

/** Red, green, blue, 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number];

export const colourMapNames = ['inferno', 'magma', 'plasma', 'viridis', 'cividis', 'grey'] as const;
/** Those to choose from, and the one of differences: red above 0, blue below. */
export type ColourMapName = (typeof colourMapNames)[number] | 'difference';

const levels = 256;

/** @param colour '#rrggbb' or 'rgb(r, g, b)': d3's interpolators return one or the other */
export function parseColour(colour: string): Rgb {
  const hex = /^#(..)(..)(..)$/.exec(colour);
  const parts = hex
    ? hex.slice(1).map((part) => Number.parseInt(part, 16))
    : colour.match(/\d+/g)?.map(Number);
  const [red, green, blue] = parts ?? [];
  if (red === undefined || green === undefined || blue === undefined || Number.isNaN(red + green + blue)) {
    throw new Error(`not a colour: ${colour}`);
  }
  return [red, green, blue];
}

export const formatColour = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;

const greyAt = (t: number): string => {
  const level = Math.round(t * (levels - 1));
  return `rgb(${level}, ${level}, ${level})`;
};

/** @returns 0..1 → a CSS colour */
function colourMapFunction(name: ColourMapName): (t: number) => string {
  switch (name) {
    case 'inferno':
      return interpolateInferno;
    case 'magma':
      return interpolateMagma;
    case 'plasma':
      return interpolatePlasma;
    case 'viridis':
      return interpolateViridis;
    case 'cividis':
      return interpolateCividis;
    case 'grey':
      return greyAt;
    case 'difference':
      return (t) => interpolateRdBu(1 - t);
  }
}

/** @returns the colours from the lowest to the highest value, as a CSS image */
export function colourGradient(name: ColourMapName): string {
  const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map(colourMapFunction(name));
  return `linear-gradient(to right, ${stops.join(', ')})`;
}

const tables = new Map<ColourMapName, Uint32Array>();

/**
 * @returns 256 opaque pixels, lowest value first, packed as canvas image data is in memory (red first),
 *   so that one 32-bit write colours a pixel
 */
export function colourTable(name: ColourMapName): Uint32Array {
  const known = tables.get(name);
  if (known) return known;
  const colourAt = colourMapFunction(name);
  const bytes = new Uint8ClampedArray(levels * 4);
  for (let level = 0; level < levels; level += 1) {
    bytes.set(parseColour(colourAt(level / (levels - 1))), level * 4);
    bytes[level * 4 + 3] = 255;
  }
  const table = new Uint32Array(bytes.buffer);
  tables.set(name, table);
  return table;
}
