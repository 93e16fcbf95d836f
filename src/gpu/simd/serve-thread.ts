import { instantiateSimd } from './simd-module.ts';
import { jobBlockLength, serveJobs } from './thread-job.ts';

export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where the job block lies in the memory. */
  readonly blockAddress: number;
  /** From 1; the engine's own thread is 0. */
  readonly thread: number;
}

/** What a helper thread does: takes the module and the memory, and works at jobs from then on. */
export function serveThread(): void {
  globalThis.addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => {
    const { module, memory, blockAddress, thread } = data;
    const functions = instantiateSimd(module, memory);
    globalThis.postMessage('ready');
    serveJobs(new Int32Array(memory.buffer, blockAddress, jobBlockLength), functions, thread);
  });
}
