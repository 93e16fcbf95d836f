/**
 * AVIF files with each of the eight possible rotations and mirrorings. sharp 0.35 made them from four coloured quarters.
 * The rotation and the mirror fields were then overwritten by hand, so that the right result follows from the format's
 * specification alone.
 */
import { bytesOfBase64 } from '../core/base64.ts';
import type { PixelGrid } from '../media/resample.ts';

/** 32 × 16 px, with a rotation: red, green, blue and white, clockwise from the upper left. */
const turned =
  'AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAAw5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAADMgABAAAAAAAA' +
  'ACsAAgAAAAADXQABAAAAAAAAAL4AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABhdjAxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAACTWlwcnAAAAItaXBj' +
  'bwAAAAxhdjFDgSACAAAAAexjb2xycklDQwAAAeBsY21zBCAAAG1udHJSR0IgWFlaIAfiAAMAFAAJAA4AHWFjc3BNU0ZUAAAAAHNhd3NjdHJsAAAAAAAAAAAAAAAAAAD21gABAAAAANMt' +
  'aGFuZHnpv1ZaPgG2gyOFVUb3T6oAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACmRlc2MAAAD8AAAAJGNwcnQAAAEgAAAAInd0cHQAAAFEAAAAFGNoYWQAAAFYAAAALHJYWVoA' +
  'AAGEAAAAFGdYWVoAAAGYAAAAFGJYWVoAAAGsAAAAFHJUUkMAAAHAAAAAIGdUUkMAAAHAAAAAIGJUUkMAAAHAAAAAIG1sdWMAAAAAAAAAAQAAAAxlblVTAAAACAAAABwAcwBSAEcAQm1s' +
  'dWMAAAAAAAAAAQAAAAxlblVTAAAABgAAABwAQwBDADAAAFhZWiAAAAAAAAD21gABAAAAANMtc2YzMgAAAAAAAQw/AAAF3f//8yYAAAeQAAD9kv//+6H///2iAAAD3AAAwHFYWVogAAAA' +
  'AAAAb6AAADjyAAADj1hZWiAAAAAAAABilgAAt4kAABjaWFlaIAAAAAAAACSgAAAPhQAAtsRwYXJhAAAAAAADAAAAAmZpAADypwAADVkAABPQAAAKWwAAABRpc3BlAAAAAAAAACAAAAAQ' +
  'AAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABhpcG1hAAAAAAAAAAEAAQWBAgMEhQAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAA8W1kYXQSAAoIOBD//KAhoAQyHUQAAOeH08Lc' +
  'Kz8ReqrtvGxjfX+XOTWORVcbXZj4AAAABkV4aWYAAElJKgAIAAAABgASAQMAAQAAAAYAAAAaAQUAAQAAAFYAAAAbAQUAAQAAAF4AAAAoAQMAAQAAAAIAAAATAgMAAQAAAAEAAABphwQA' +
  'AQAAAGYAAAAAAAAAOGMAAOgDAAA4YwAA6AMAAAYAAJAHAAQAAAAwMjEwAZEHAAQAAAABAgMAAKAHAAQAAAAwMTAwAaADAAEAAAD//wAAAqAEAAEAAAAgAAAAA6AEAAEAAAAQAAAAAAAA' +
  'AA==';
/** The same with a rotation and a mirror. */
const turnedAndMirrored =
  'AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAAxhtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAADPAABAAAAAAAA' +
  'ACsAAgAAAAADZwABAAAAAAAAAL4AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABhdjAxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAACV2lwcnAAAAI2aXBj' +
  'bwAAAAxhdjFDgSACAAAAAexjb2xycklDQwAAAeBsY21zBCAAAG1udHJSR0IgWFlaIAfiAAMAFAAJAA4AHWFjc3BNU0ZUAAAAAHNhd3NjdHJsAAAAAAAAAAAAAAAAAAD21gABAAAAANMt' +
  'aGFuZHnpv1ZaPgG2gyOFVUb3T6oAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACmRlc2MAAAD8AAAAJGNwcnQAAAEgAAAAInd0cHQAAAFEAAAAFGNoYWQAAAFYAAAALHJYWVoA' +
  'AAGEAAAAFGdYWVoAAAGYAAAAFGJYWVoAAAGsAAAAFHJUUkMAAAHAAAAAIGdUUkMAAAHAAAAAIGJUUkMAAAHAAAAAIG1sdWMAAAAAAAAAAQAAAAxlblVTAAAACAAAABwAcwBSAEcAQm1s' +
  'dWMAAAAAAAAAAQAAAAxlblVTAAAABgAAABwAQwBDADAAAFhZWiAAAAAAAAD21gABAAAAANMtc2YzMgAAAAAAAQw/AAAF3f//8yYAAAeQAAD9kv//+6H///2iAAAD3AAAwHFYWVogAAAA' +
  'AAAAb6AAADjyAAADj1hZWiAAAAAAAABilgAAt4kAABjaWFlaIAAAAAAAACSgAAAPhQAAtsRwYXJhAAAAAAADAAAAAmZpAADypwAADVkAABPQAAAKWwAAABRpc3BlAAAAAAAAACAAAAAQ' +
  'AAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAAAlpbWlyAQAAABlpcG1hAAAAAAAAAAEAAQaBAgMEhYYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAPFtZGF0EgAKCDgQ//ygIaAE' +
  'Mh1EAADnh9PC3Cs/EXqq7bxsY31/lzk1jkVXG12Y+AAAAAZFeGlmAABJSSoACAAAAAYAEgEDAAEAAAAFAAAAGgEFAAEAAABWAAAAGwEFAAEAAABeAAAAKAEDAAEAAAACAAAAEwIDAAEA' +
  'AAABAAAAaYcEAAEAAABmAAAAAAAAADhjAADoAwAAOGMAAOgDAAAGAACQBwAEAAAAMDIxMAGRBwAEAAAAAQIDAACgBwAEAAAAMDEwMAGgAwABAAAA//8AAAKgBAABAAAAIAAAAAOgBAAB' +
  'AAAAEAAAAAAAAAA=';

type Quarter = 'red' | 'green' | 'blue' | 'white';

export interface TurnedAvif {
  /** Number of rotations by 90° anticlockwise. */
  readonly quarterTurns: number;
  /**
   * Applied after the rotation: 0 exchanges top and bottom, 1 exchanges left and right, null means none. Source: ISO/IEC
   * 23008-12, 6.5.10 and 6.5.12.
   */
  readonly mirror: 0 | 1 | null;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
  /** Clockwise from the upper left of the upright image. */
  readonly corners: readonly Quarter[];
}

function findBox(bytes: Uint8Array, type: string): number {
  const wanted = new TextEncoder().encode(type);
  return bytes.findIndex((_, at) => wanted.every((letter, i) => bytes[at + i] === letter));
}

function makeTurnedAvif(quarterTurns: number, mirror: 0 | 1 | null): TurnedAvif {
  const file = bytesOfBase64(mirror === null ? turned : turnedAndMirrored);
  file[findBox(file, 'irot') + 4] = quarterTurns;
  if (mirror !== null) file[findBox(file, 'imir') + 4] = mirror;
  let corners: readonly Quarter[] = ['red', 'green', 'blue', 'white'];
  // The quarter at the upper right moves to the upper left.
  for (let i = 0; i < quarterTurns; i++) corners = [...corners.slice(1), ...corners.slice(0, 1)];
  const order = mirror === 0 ? [3, 2, 1, 0] : mirror === 1 ? [1, 0, 3, 2] : [0, 1, 2, 3];
  const isStanding = quarterTurns % 2 === 1;
  return {
    quarterTurns,
    mirror,
    file,
    height: isStanding ? 32 : 16,
    width: isStanding ? 16 : 32,
    corners: order.map((corner) => corners[corner] as Quarter),
  };
}

export const turnedAvifs: readonly TurnedAvif[] = [0, 1, 2, 3].flatMap((quarterTurns) =>
  ([null, 0, 1] as const).map((mirror) => makeTurnedAvif(quarterTurns, mirror)),
);

const colours: Readonly<Record<string, Quarter>> = {
  '100': 'red',
  '010': 'green',
  '001': 'blue',
  '111': 'white',
};

/** @returns the colours in the middle of the four quarters, clockwise from the upper left */
export function quartersOf({ height, width, channels, values }: PixelGrid): readonly (Quarter | undefined)[] {
  const [top, bottom] = [height >> 2, height - (height >> 2)];
  const [left, right] = [width >> 2, width - (width >> 2)];
  const places = [
    [top, left],
    [top, right],
    [bottom, right],
    [bottom, left],
  ] as const;
  return places.map(([row, column]) => {
    const at = (row * width + column) * channels;
    return colours[[0, 1, 2].map((channel) => ((values[at + channel] ?? 0) > 127 ? 1 : 0)).join('')];
  });
}
