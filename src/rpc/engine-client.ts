import { createWorkerClient, type WorkerClient } from './client.ts';
import type { EngineContract } from './engine-contract.ts';

export type EngineClient = WorkerClient<EngineContract>;

/** @param spawn makes the engine's worker */
export const createEngineClient = (spawn: () => Worker): EngineClient =>
  createWorkerClient<EngineContract>(spawn, (result) => {
    if ('bitmap' in result) result.bitmap.close();
  });
