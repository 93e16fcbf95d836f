/**
 * Training in the page: combines the setup, the run that is training, the stored runs and their files. State is in the training
 * store. Only this module and its parts call the worker's training methods.
 */
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { ModelLibrary } from '../models/model-library.ts';
import type { AppStore } from '../state/app-store.ts';
import { createFigureActions, type FigureActions } from './figure-actions.ts';
import { createKeptRuns, type KeptRuns } from './kept-runs.ts';
import { createRunActions, type RunActions } from './run-actions.ts';
import { createRunTransfers, type RunTransfers } from './run-transfers.ts';
import { createSetupActions, type SetupActions } from './setup-actions.ts';
import type { TrainingStore } from './training-state.ts';

export interface TrainingSession extends SetupActions, RunActions, FigureActions, KeptRuns, RunTransfers {
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
    ...createFigureActions({ client, app, store, onEnd: kept.refresh }),
    ...kept,
    ...createRunTransfers({ client, app, library, store, onImported: kept.refresh }),
  };
}
