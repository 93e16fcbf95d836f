/** Measures the memory of a tab and of its device. */
import type { Page } from 'playwright/test';
import { expect } from '../scope.ts';

/** The share of the full work to do, from `SOAK`; 1 is all of it. */
const share = Number(process.env['SOAK'] ?? '1');

/** @returns `whole` multiplied by that share, at least 4 */
export const times = (whole: number): number => Math.max(4, Math.round(whole * share));

/** For `beforeWorker`: counts the bytes of all buffers of the worker's devices in `gpuBytes`. */
export const countGpuBytes = `
  globalThis.gpuBytes = 0;
  const createBuffer = GPUDevice.prototype.createBuffer;
  const destroyBuffer = GPUBuffer.prototype.destroy;
  const live = new Set();
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.add(buffer);
    globalThis.gpuBytes += descriptor.size;
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    if (live.delete(this)) globalThis.gpuBytes -= this.size;
    return destroyBuffer.call(this);
  };`;

export const gpuBytes = async (page: Page): Promise<number> =>
  (await page
    .workers()
    .find((worker) => worker.url().includes('engine-worker'))
    ?.evaluate(() => (globalThis as unknown as { gpuBytes: number }).gpuBytes)) ?? NaN;

/** Bytes of the page and its workers after a garbage collection, as the browser counts them. */
export const tabBytes = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { measureUserAgentSpecificMemory: measure } = performance as Performance & {
      measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
    };
    return (await measure.call(performance)).bytes;
  });

/** Prints one line that can be copied into docs/soak.md. */
export const tell = (what: string, facts: Readonly<Record<string, string | number>>): void =>
  console.log(
    `${what}: ${Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  );

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** @param slackBytes allowed variation between garbage collections */
export function expectFlat(what: string, before: number, after: number, slackBytes: number): void {
  expect(after, `${what}: ${megabytes(before)} before, ${megabytes(after)} after`).toBeLessThan(
    before + slackBytes,
  );
}
