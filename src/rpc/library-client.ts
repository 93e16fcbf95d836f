import { createWorkerClient, type WorkerClient } from './client.ts';
import type { LibraryContract } from './library-contract.ts';

export type LibraryClient = WorkerClient<LibraryContract>;

/** @param spawn makes the worker that keeps models */
export const createLibraryClient = (spawn: () => Worker): LibraryClient =>
  createWorkerClient<LibraryContract>(spawn);
