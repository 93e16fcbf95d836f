import type { KernelCheck } from './training.ts';

/** @returns what to tell of a run that goes without our kernels because they compute something else here; null where all is well */
export function describeKernelCheck({ kernels, maxRelativeDifference }: KernelCheck): string | null {
  if (kernels === 'ours' || maxRelativeDifference === 0) return null;
  const share = Number.isFinite(maxRelativeDifference)
    ? `up to ${(100 * maxRelativeDifference).toPrecision(2)} % apart`
    : 'not numbers';
  return `The fast way to train is wrong on this device (results are ${share} where both ways must agree), so this run takes the plain one. It is slower and needs more memory.`;
}
