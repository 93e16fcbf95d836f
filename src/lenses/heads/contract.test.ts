import { describe, expect, it } from 'vitest';
import { headsContract, type HeadsParams } from './contract.ts';
import type { HeadDrawing } from '../../render/head-layers.ts';

describe('parameters', () => {
  const { params } = headsContract;

  it('ask CLS in the last block where nobody said anything', () => {
    expect(params.defaults).toEqual({ block: 'last', token: 0, patch: null });
    expect(params.write(params.defaults)).toEqual({});
  });

  it.each<[Partial<HeadsParams>, Record<string, string>]>([
    [{ block: 3 }, { block: '3' }],
    [{ token: 2 }, { token: '2' }],
    [{ patch: { row: 4, column: 11 } }, { patch: '4,11' }],
  ])('%o is written as %o, and read again', (change, texts) => {
    const value = { ...params.defaults, ...change };
    expect(params.write(value)).toEqual(texts);
    expect(params.read(texts)).toEqual({ ok: true, value });
  });

  it.each([
    { block: '0' },
    { block: 'first' },
    { block: '1.5' },
    { token: '-1' },
    { patch: '4' },
    { patch: '-1,2' },
  ])('%o is refused with a sentence, and passed over where it comes from an address', (texts) => {
    const [[name, text]] = Object.entries(texts) as [[string, string]];
    expect(params.read(texts)).toEqual({
      ok: false,
      error: expect.stringContaining(`${name} ${text} is not `) as string,
    });
    expect(params.readLeniently(texts)).toEqual(params.defaults);
  });
});

describe('drawing', () => {
  const { drawing } = headsContract;

  it.each<[Partial<HeadDrawing>, Record<string, string>]>([
    [{ view: 'mean' }, { view: 'mean' }],
    [{ view: 0 }, { view: '1' }],
    [{ hidden: [0, 4] }, { hidden: '1,5' }],
    [
      { style: 'mask', mass: 30, smooth: false },
      { style: 'mask', mass: '30', smooth: 'off' },
    ],
    [
      { contour: false, heatContour: true },
      { contour: 'off', heatContour: 'on' },
    ],
  ])('%o is remembered as %o, heads as people count them', (change, texts) => {
    const value = { ...drawing.defaults, ...change };
    expect(drawing.write(value)).toEqual(texts);
    expect(drawing.readLeniently(texts)).toEqual(value);
  });

  it('passes over what is none, field by field', () => {
    expect(drawing.readLeniently({ view: '0', hidden: '1,x', mass: '100', style: 'mask' })).toEqual({
      ...drawing.defaults,
      style: 'mask',
    });
  });
});
