/** A helper thread in Node that runs the operations of the test that starts it. */
import { workerData } from 'node:worker_threads';
import { serveJobs } from '../gpu/simd/thread-job.ts';
import { countingFunctions, type JobMemory } from './counting-functions.ts';

const { block, counts, thread } = workerData as JobMemory & { readonly thread: number };
serveJobs(block, countingFunctions(counts), thread);
