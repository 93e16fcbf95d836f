import { expect, test } from 'vitest';
import { mixColours } from './mix-colours.ts';

const grid = (...values: number[]) => ({
  height: 1,
  width: values.length,
  values: Float32Array.from(values),
});
const size = { height: 1, width: 3 };

test('each map is one colour, from its smallest value to its largest; what is missing is half as bright', () => {
  const scale = { kind: 'range', min: -1, max: 3 } as const;
  const { rgba } = mixColours(
    [
      { grid: grid(-1, 1, 3), scale },
      { grid: grid(9, 0, -9), scale },
    ],
    null,
    size,
  );
  expect([...rgba]).toEqual([0, 255, 128, 255, 128, 64, 128, 255, 255, 0, 128, 255]);
});

test('the sigmoid is of twice the value of variance 1', () => {
  const scale = { kind: 'sigmoid', deviation: 2 } as const;
  const { rgba } = mixColours([{ grid: grid(0, 2, -2), scale }], null, size);
  // 1 / (1 + e⁻²) and 1 / (1 + e²) of 255
  expect([rgba[0], rgba[4], rgba[8]]).toEqual([128, 225, 30]);
});

test('a map of one value is half as bright, and what is not kept is transparent', () => {
  const scale = { kind: 'range', min: 2, max: 2 } as const;
  const { rgba } = mixColours([{ grid: grid(2, 2, 2), scale }], grid(1, 0.4, 0.6), size);
  expect([...rgba].filter((_, i) => i % 4 === 0)).toEqual([128, 128, 128]);
  expect([...rgba].filter((_, i) => i % 4 === 3)).toEqual([255, 0, 255]);
});

test('maps of another size are refused', () => {
  const scale = { kind: 'range', min: 0, max: 1 } as const;
  expect(() => mixColours([{ grid: grid(1, 2), scale }], null, size)).toThrow(
    '[1, 2] beside others of [1, 3]',
  );
});
