import { expect, test } from 'vitest';
import { randomStream, shuffled } from './random.ts';

const draw = (...name: number[]): number[] => {
  const random = randomStream(...name);
  return Array.from({ length: 1000 }, () => random.next());
};

test('a stream is the same every time, and another for every other name', () => {
  expect(draw(1, 2, 3)).toEqual(draw(1, 2, 3));
  for (const other of [
    [1, 2],
    [1, 3, 2],
    [1, 2, 4],
    [2, 2, 3],
    [1, 2, 3, 0],
  ])
    expect(draw(...other)).not.toEqual(draw(1, 2, 3));
});

test('neighbouring streams have nothing to do with each other', () => {
  const [a, b] = [draw(7, 100), draw(7, 101)];
  const covariance = a.reduce((sum, value, i) => sum + (value - 0.5) * ((b[i] ?? 0) - 0.5), 0) / a.length;
  expect(Math.abs(covariance)).toBeLessThan(0.01);
});

test('normal values have mean 0 and variance 1', () => {
  const random = randomStream(5);
  const values = Array.from({ length: 20_000 }, () => random.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.03);
});

test('a shuffled order has every index once', () => {
  const order = shuffled(50, randomStream(3));
  expect(order).not.toEqual(order.toSorted((a, b) => a - b));
  expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
