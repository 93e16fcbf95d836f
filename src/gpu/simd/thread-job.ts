/**
 * How threads share one operation. A block of numbers in shared memory describes the job, and each thread that is free
 * takes the next share, so a slow core does not delay the others.
 */
import { operations, type Operation, type SimdFunctions } from './simd-module.ts';

/** Position of each number in the block. The values of the operation come last. */
const at = {
  /** Counts jobs; helpers wait for it to change. */
  job: 0,
  operation: 1,
  units: 2,
  share: 3,
  next: 4,
  /** Whether there is an open job. */
  open: 5,
  /** Number of helpers that may be reading the block. */
  inside: 6,
  scratch: 7,
  scratchBytes: 8,
  valueCount: 9,
  /** Whether a helper has trapped in this job. */
  failed: 10,
  values: 11,
};

/** Length of the block as an Int32Array. */
export const jobBlockLength = at.values + 16;

export interface Job {
  readonly operation: Operation;
  readonly values: readonly number[];
  /** Number of units to divide: panels, rows, heads or groups of queries. */
  readonly units: number;
  /** Units taken at a time. */
  readonly share: number;
  /** Scratch memory of the first thread; that of the other threads follows. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** Longer than the engine's own work between two jobs of a pass, and short enough to end soon after a pass. */
const watchMs = 0.1;

/**
 * Returns when a number of the block has changed. Waking a thread takes as long as a whole job of a small network, so a
 * thread polls for a short time and then sleeps.
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
 * Writes a job into the block, works on it too, and returns when all of it is done. A helper that wakes up too late finds
 * the job closed, so no job waits for a thread that the system has not woken yet.
 * @throws WebAssembly.RuntimeError if any thread has trapped
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
  // Throws as if this thread had trapped, because the memory can no longer be trusted.
  if (Atomics.load(block, at.failed) !== 0) throw new WebAssembly.RuntimeError('a helper thread has trapped');
}

/** The main loop of a helper: waits for a job and works on it if it is still open. Ends with its worker. */
export function serveJobs(block: Int32Array, functions: SimdFunctions, thread: number): never {
  for (let seen = 0; ;) {
    awaitChange(block, at.job, seen);
    seen = Atomics.load(block, at.job);
    // This must happen before the check for an open job: a job stays in the block as long as a helper is inside.
    Atomics.add(block, at.inside, 1);
    try {
      if (Atomics.load(block, at.open) === 1) work(block, functions, thread);
    } catch {
      Atomics.store(block, at.failed, 1);
    }
    // Must run in every case; otherwise the engine would wait for ever.
    Atomics.sub(block, at.inside, 1);
    Atomics.notify(block, at.inside);
  }
}
