/**
 * Training as the page sees it, brought together: the setup, the run that trains, the runs that are kept, their files. State lives in
 * the training store; nothing else calls the worker's training methods.
 */
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import type { AppStore } from '../state/app-store.ts';
import { createKeptRuns, type KeptRuns } from './kept-runs.ts';
import { createRunActions, type RunActions } from './run-actions.ts';
import { createRunTransfers, type RunTransfers } from './run-transfers.ts';
import { createSetupActions, type SetupActions } from './setup-actions.ts';
import type { TrainingStore } from './training-state.ts';

export interface TrainingSession extends SetupActions, RunActions, KeptRuns, RunTransfers {
  readonly store: TrainingStore;
}

export function createTrainingSession(
  client: EngineClient,
  app: AppStore,
  library: ModelLibrary,
  store: TrainingStore,
): TrainingSession {
  const kept = createKeptRuns(client, app, store);
  return {
    store,
    ...createSetupActions(client, app, store),
    ...createRunActions({ client, app, store, onEnd: kept.refresh }),
    ...kept,
    ...createRunTransfers({ client, app, library, store, onImported: kept.refresh }),
  };
}
