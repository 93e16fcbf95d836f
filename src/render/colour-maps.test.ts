import { describe, expect, it } from 'vitest';
import { colourMapNames, colourTable, parseColour } from './colour-maps.ts';

describe('parseColour', () => {
  it('reads both ways that d3 writes a colour', () => {
    expect(parseColour('#0180ff')).toEqual([1, 128, 255]);
    expect(parseColour('rgb(1, 128, 255)')).toEqual([1, 128, 255]);
  });

  it('refuses what is not a colour', () => {
    expect(() => parseColour('transparent')).toThrow('not a colour');
  });
});

describe('colourTable', () => {
  it('starts and ends where viridis does', () => {
    const bytes = new Uint8Array(colourTable('viridis').buffer);
    expect(Array.from(bytes.subarray(0, 4))).toEqual([0x44, 0x01, 0x54, 255]);
    expect(Array.from(bytes.subarray(-4))).toEqual([0xfd, 0xe7, 0x25, 255]);
  });

  it.each(colourMapNames)('%s has 256 opaque colours that grow lighter from end to end', (name) => {
    const bytes = new Uint8Array(colourTable(name).buffer);
    expect(bytes).toHaveLength(1024);
    const luma = Array.from({ length: 256 }, (_, i) => {
      const [red = 0, green = 0, blue = 0, alpha] = bytes.slice(4 * i, 4 * i + 4);
      expect(alpha).toBe(255);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    const sampled = [0, 50, 100, 150, 200, 255].map((i) => luma[i] ?? 0);
    expect(sampled).toEqual([...sampled].sort((a, b) => a - b));
  });
});
