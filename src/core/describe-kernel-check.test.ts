import { expect, test } from 'vitest';
import { describeKernelCheck } from './describe-kernel-check.ts';

test('says nothing where our kernels train, or where there are none', () => {
  expect(describeKernelCheck({ kernels: 'ours', maxRelativeDifference: 1e-6 })).toBeNull();
  expect(describeKernelCheck({ kernels: 'plain', maxRelativeDifference: 0 })).toBeNull();
});

test('says how wrong they are where they are not trusted', () => {
  expect(describeKernelCheck({ kernels: 'plain', maxRelativeDifference: 0.0123 })).toMatch(
    /up to 1\.2\u00a0% apart .* slower/,
  );
  expect(describeKernelCheck({ kernels: 'plain', maxRelativeDifference: Infinity })).toMatch(
    /does not run .* slower/,
  );
});
