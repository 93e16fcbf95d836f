import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countingFunctions, firstScratch, type JobMemory } from '../../testing/counting-functions.ts';
import { jobBlockLength, runJob } from './thread-job.ts';

const helpers = 3;
const mostUnits = 64;
const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * length));
const memory: JobMemory = { block: shared(jobBlockLength), counts: shared(mostUnits) };
const functions = countingFunctions(memory.counts);

/** Loads TypeScript, which a thread of Node cannot read by itself. */
const startHelper = new URL(
  `data:text/javascript,import { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))};
  register();
  await import(${JSON.stringify(new URL('../../testing/job-helper.ts', import.meta.url).href)});`,
);
let workers: Worker[] = [];
beforeAll(async () => {
  workers = Array.from(
    { length: helpers },
    (_, i) =>
      new Worker(startHelper, {
        workerData: { ...memory, thread: i + 1 },
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'online')));
});
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

/** @returns for each unit the thread that did it, read when the job is reported as done */
function run(units: number, share: number, values: readonly number[] = [0, 0]): number[] {
  memory.counts.fill(0);
  runJob(memory.block, functions, {
    operation: 'linear',
    values,
    units,
    share,
    scratch: firstScratch,
    scratchBytes: 1,
  });
  const done = [...memory.counts.subarray(0, units)];
  expect(done.map((count) => count % 1000)).toEqual(done.map(() => 1));
  return done.map((count) => Math.floor(count / 1000));
}

/** A first thread may finish before a helper wakes up, many times in turn where the machine has much else to do. */
function untilPatienceEnds(): () => boolean {
  const end = performance.now() + 60_000;
  return () => performance.now() < end;
}

test('every unit is done once, and before the job is said to be done: thousands of short jobs on end', () => {
  for (let job = 0; job < 5000; job++) run(1 + ((job * 7) % mostUnits), 1 + (job % 5));
  // The last shares take as long as the others, so a run that does not wait for them would miss them.
  for (let job = 0; job < 50; job++) run(7, 1, [1, 0]);
  expect.hasAssertions();
});

test('helpers that sleep wake up and help', { timeout: 120_000 }, async () => {
  // Long enough that all helpers have stopped polling and sleep.
  await new Promise((resolve) => void setTimeout(resolve, 50));
  const mayRun = untilPatienceEnds();
  let helped = false;
  while (!helped && mayRun()) helped = Math.max(...run(16, 1, [2, 0])) > 0;
  expect(helped).toBe(true);
});

test('a helper that traps makes the job fail, and the next one is done', { timeout: 120_000 }, () => {
  expect(() => {
    for (const mayRun = untilPatienceEnds(); mayRun();) run(16, 1, [2, 1]);
  }).toThrow('a helper thread has trapped');
  expect(run(16, 1)).toHaveLength(16);
});
