import { createWorkerClient, type WorkerClient, type WorkerScript } from './client.ts';
import type { LibraryContract } from './library-contract.ts';

export type LibraryClient = WorkerClient<LibraryContract>;

/** @param script of the worker that keeps models */
export const createLibraryClient = (script: WorkerScript): LibraryClient =>
  createWorkerClient<LibraryContract>(script);
