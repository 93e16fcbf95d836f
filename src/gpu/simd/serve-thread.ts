import { instantiateSimd } from './simd-module.ts';
import { jobBlockLength, serveJobs } from './thread-job.ts';

export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the job block in the memory. */
  readonly blockAddress: number;
  /** Number of the helper, from 1 on; the engine's own thread is 0. */
  readonly thread: number;
}

/** The main function of a helper thread: receives the module and the memory, then works on jobs. */
export function serveThread(): void {
  globalThis.addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => {
    const { module, memory, blockAddress, thread } = data;
    const functions = instantiateSimd(module, memory);
    globalThis.postMessage('ready');
    serveJobs(new Int32Array(memory.buffer, blockAddress, jobBlockLength), functions, thread);
  });
}
