import { yieldToEventLoop } from './yield-to-event-loop.ts';

/** Well below the 50 ms from which a task counts as long: what is around it takes time too. */
const sliceMs = 10;

/** Goes through many items without stopping the page: between slices other tasks have their turn. */
export async function forEachInSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    work(item);
    if (performance.now() - began < sliceMs) continue;
    await yieldToEventLoop();
    began = performance.now();
  }
}
