/**
 * How threads share one operation: a block of numbers in the memory that all of them see says what is to be done, and whoever
 * is free takes the next share, so that a slow core holds nobody up.
 */
import { operations, type Operation, type SimdFunctions } from './simd-module.ts';

/** Where each number of the block is. The values of the operation follow. */
const at = {
  job: 0,
  operation: 1,
  units: 2,
  share: 3,
  next: 4,
  done: 5,
  scratch: 6,
  scratchBytes: 7,
  valueCount: 8,
  /** Whether a helper has trapped in this job. */
  failed: 9,
  values: 10,
};

/** Of an Int32Array. */
export const jobBlockLength = at.values + 16;

export interface Job {
  readonly operation: Operation;
  readonly values: readonly number[];
  /** What is shared out: panels, rows, heads, groups of queries. */
  readonly units: number;
  /** Units taken at once. */
  readonly share: number;
  /** Scratch memory of the first thread; that of the others follows. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** Takes shares of the job in the block until none is left. */
function work(block: Int32Array, functions: SimdFunctions, thread: number): void {
  const read = (index: number): number => Atomics.load(block, index);
  const run = functions[operations[read(at.operation)] as Operation];
  const scratch = (read(at.scratch) >>> 0) + thread * read(at.scratchBytes);
  const values = Array.from({ length: read(at.valueCount) }, (_, i) => read(at.values + i));
  const units = read(at.units);
  const share = read(at.share);
  for (;;) {
    const begin = Atomics.add(block, at.next, share);
    if (begin >= units) return;
    run(scratch, begin, Math.min(units, begin + share), ...values);
  }
}

/**
 * Writes a job into the block, works at it too, and returns when all of it is done.
 * @throws WebAssembly.RuntimeError where any thread has trapped
 */
export function runJob(block: Int32Array, functions: SimdFunctions, helpers: number, job: Job): void {
  block[at.operation] = operations.indexOf(job.operation);
  block[at.units] = job.units;
  block[at.share] = job.share;
  block[at.next] = 0;
  block[at.done] = 0;
  block[at.failed] = 0;
  block[at.scratch] = job.scratch;
  block[at.scratchBytes] = job.scratchBytes;
  block[at.valueCount] = job.values.length;
  block.set(job.values, at.values);
  Atomics.add(block, at.job, 1);
  Atomics.notify(block, at.job);
  work(block, functions, 0);
  for (let done = Atomics.load(block, at.done); done < helpers; done = Atomics.load(block, at.done))
    Atomics.wait(block, at.done, done);
  // As if this thread had trapped itself: the memory is not to be trusted any more.
  if (Atomics.load(block, at.failed) !== 0) throw new WebAssembly.RuntimeError('a helper thread has trapped');
}

/** A helper's whole life: waits for a job, works, says that it is done. Ends with its worker. */
export function serveJobs(block: Int32Array, functions: SimdFunctions, thread: number): never {
  // Counted here and not read from the block: the next job may already stand there when this one is done.
  for (let job = 0; ; job = (job + 1) | 0) {
    Atomics.wait(block, at.job, job);
    try {
      work(block, functions, thread);
    } catch {
      Atomics.store(block, at.failed, 1);
    }
    // Said in any case: the others would wait for ever.
    Atomics.add(block, at.done, 1);
    Atomics.notify(block, at.done);
  }
}
