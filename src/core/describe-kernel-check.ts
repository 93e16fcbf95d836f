import type { KernelCheck } from './training.ts';

/** @returns what to tell of a run that goes without our kernels because they compute something else here; null where all is well */
export function describeKernelCheck({ kernels, maxRelativeDifference }: KernelCheck): string | null {
  if (kernels === 'ours' || maxRelativeDifference === 0) return null;
  const problem = Number.isFinite(maxRelativeDifference)
    ? `is wrong on this device (results are up to ${(100 * maxRelativeDifference).toPrecision(2)} % apart where both ways must agree)`
    : 'does not run on this device';
  return `The fast way to train ${problem}, so this run takes the plain one. It is slower and needs more memory.`;
}
