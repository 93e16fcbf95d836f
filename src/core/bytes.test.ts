import { expect, test } from 'vitest';
import { joinBytes } from './bytes.ts';

test('pieces are copied one after the other', () => {
  const first = Uint8Array.of(0, 1, 2, 3);
  const whole = joinBytes([first.subarray(1, 3), Uint8Array.of(), Uint8Array.of(9)]);
  first.fill(7);
  expect([...whole]).toEqual([1, 2, 9]);
  expect(joinBytes([]).length).toBe(0);
});
