import type { ComputeContext } from '../lenses/lens-compute.ts';

/** For a lens's `compute` with passes made by hand: nothing cancels it, and there is no photograph. */
export const plainContext: ComputeContext = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
  readPhoto: () => Promise.reject(new Error('this lens needs no photograph')),
};
