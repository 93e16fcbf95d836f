import { createWorkerClient, type WorkerClient, type WorkerScript } from './client.ts';
import type { EngineContract } from './engine-contract.ts';

export type EngineClient = WorkerClient<EngineContract>;

/** @param script of the engine's worker */
export const createEngineClient = (script: WorkerScript): EngineClient =>
  createWorkerClient<EngineContract>(script, (result) => {
    if ('bitmap' in result) result.bitmap.close();
  });
