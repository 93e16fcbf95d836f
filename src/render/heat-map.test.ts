import { expect, it } from 'vitest';
import { colourTable } from './colour-maps.ts';
import { paintHeatMap } from './heat-map.ts';

it('stretches the range over the colour map', () => {
  const grid = { height: 1, width: 3, values: Float32Array.of(0.2, 0.3, 0.4) };
  const { rgba } = paintHeatMap(grid, 0.2, 0.4, colourTable('grey'));
  expect([...rgba]).toEqual([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
});

it('gives a map without contrast the lowest colour', () => {
  const grid = { height: 1, width: 2, values: Float32Array.of(0.2, 0.2) };
  const { rgba } = paintHeatMap(grid, 0.2, 0.2, colourTable('viridis'));
  expect([...rgba]).toEqual([0x44, 0x01, 0x54, 255, 0x44, 0x01, 0x54, 255]);
});

it('gives values outside of the range the colours of its ends', () => {
  const grid = { height: 1, width: 3, values: Float32Array.of(-1, 0.5, 2) };
  const { rgba } = paintHeatMap(grid, 0, 1, colourTable('grey'));
  expect([...rgba]).toEqual([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
});
