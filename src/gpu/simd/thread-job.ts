/**
 * How threads share one operation: a block of numbers in the memory that all of them see says what is to be done, and whoever
 * is free takes the next share, so that a slow core holds nobody up.
 */
import { operations, type Operation, type SimdFunctions } from './simd-module.ts';

/** Where each number of the block is. The values of the operation follow. */
const at = {
  /** Counts jobs: what helpers wait for. */
  job: 0,
  operation: 1,
  units: 2,
  share: 3,
  next: 4,
  /** Whether there is a job to be worked at. */
  open: 5,
  /** Helpers that may be reading the block. */
  inside: 6,
  scratch: 7,
  scratchBytes: 8,
  valueCount: 9,
  /** Whether a helper has trapped in this job. */
  failed: 10,
  values: 11,
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

/** Longer than the engine's own work between two jobs of a pass, and soon over when there is no pass. */
const watchMs = 0.1;

/**
 * Returns when a number of the block is another. To wake a thread takes as long as a whole job of a small network, so for a short time
 * a thread looks for itself; then it sleeps.
 */
function awaitChange(block: Int32Array, index: number, value: number): void {
  const end = performance.now() + watchMs;
  do {
    for (let look = 0; look < 50; look++) if (Atomics.load(block, index) !== value) return;
  } while (performance.now() < end);
  Atomics.wait(block, index, value);
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
 * Writes a job into the block, works at it too, and returns when all of it is done. A helper that comes too late finds the job closed:
 * nobody waits for a thread that the system has not woken yet.
 * @throws WebAssembly.RuntimeError where any thread has trapped
 */
export function runJob(block: Int32Array, functions: SimdFunctions, job: Job): void {
  block[at.operation] = operations.indexOf(job.operation);
  block[at.units] = job.units;
  block[at.share] = job.share;
  block[at.next] = 0;
  block[at.failed] = 0;
  block[at.scratch] = job.scratch;
  block[at.scratchBytes] = job.scratchBytes;
  block[at.valueCount] = job.values.length;
  block.set(job.values, at.values);
  Atomics.store(block, at.open, 1);
  Atomics.add(block, at.job, 1);
  Atomics.notify(block, at.job);
  try {
    work(block, functions, 0);
  } finally {
    Atomics.store(block, at.open, 0);
    for (let inside = Atomics.load(block, at.inside); inside > 0; inside = Atomics.load(block, at.inside))
      awaitChange(block, at.inside, inside);
  }
  // As if this thread had trapped itself: the memory is not to be trusted any more.
  if (Atomics.load(block, at.failed) !== 0) throw new WebAssembly.RuntimeError('a helper thread has trapped');
}

/** A helper's whole life: waits for a job, works at it if it is still open. Ends with its worker. */
export function serveJobs(block: Int32Array, functions: SimdFunctions, thread: number): never {
  for (let seen = 0; ;) {
    awaitChange(block, at.job, seen);
    seen = Atomics.load(block, at.job);
    // Before it asks whether there is a job: what is open stays in the block as long as somebody is inside.
    Atomics.add(block, at.inside, 1);
    try {
      if (Atomics.load(block, at.open) === 1) work(block, functions, thread);
    } catch {
      Atomics.store(block, at.failed, 1);
    }
    // Said in any case: the engine would wait for ever.
    Atomics.sub(block, at.inside, 1);
    Atomics.notify(block, at.inside);
  }
}
