import { expect, test } from 'vitest';
import { addClsPosition } from './join-tensors.ts';

test('a position of zeros stands before the others', async () => {
  const positions = addClsPosition({
    name: 'pos_embed',
    shape: [1, 4, 2],
    storedType: 'F32',
    read: () => Promise.resolve(new Float32Array(8).fill(3)),
  });
  expect(positions.shape).toEqual([1, 5, 2]);
  expect([...(await positions.read())]).toEqual([0, 0, 3, 3, 3, 3, 3, 3, 3, 3]);
});
