import type { KernelCheck } from './training.ts';
import { withUnit } from './with-unit.ts';

/**
 * @returns a sentence for a run that does not use our kernels, because they gave other numbers here; null where they
 * are used
 */
export function describeKernelCheck({ kernels, maxRelativeDifference }: KernelCheck): string | null {
  if (kernels === 'ours' || maxRelativeDifference === 0) return null;
  const problem = Number.isFinite(maxRelativeDifference)
    ? `is wrong on this device (results are up to ${withUnit((100 * maxRelativeDifference).toPrecision(2), '%')} apart where both ways must agree)`
    : 'does not run on this device';
  return `The fast way to train ${problem}, so this run takes the plain one. It is slower and needs more memory.`;
}
