/** The setup of a run: the preset, its hyper-parameters and the photographs, and an estimate of time and memory. */
import { findProblems } from '../../core/hyper-parameters.ts';
import type { TrainingConfiguration } from '../../core/training.ts';
import { presetOf, type TrainingPresetId } from '../../core/training-presets.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { TrainingIntervals } from '../../rpc/training-contract.ts';
import type { AppStore } from '../state/app-store.ts';
import type { PhotoId } from '../state/photo.ts';
import { setupOf, type TrainingSetup, type TrainingStore } from './training-state.ts';

export interface SetupActions {
  choosePreset(id: TrainingPresetId): void;
  changeConfiguration(change: Partial<TrainingConfiguration>): void;
  changeIntervals(change: Partial<TrainingIntervals>): void;
  include(id: PhotoId, isIn: boolean): void;
  pin(id: PhotoId): void;
  /** Asks the worker what the run would need. Called when the setup or the model changes. */
  plan(): Promise<void>;
}

export function createSetupActions(client: EngineClient, app: AppStore, store: TrainingStore): SetupActions {
  let plansMade = 0;
  const change = (changed: Partial<TrainingSetup>): void =>
    store.setState(({ setup }) => ({ setup: { ...setup, ...changed } }));

  return {
    choosePreset: (id) => change(setupOf(id)),
    changeConfiguration: (changed) =>
      change({ configuration: { ...store.getState().setup.configuration, ...changed } }),
    changeIntervals: (changed) => change({ intervals: { ...store.getState().setup.intervals, ...changed } }),
    include(id, isIn) {
      const leftOut = new Set(store.getState().setup.leftOut);
      if (isIn) leftOut.delete(id);
      else leftOut.add(id);
      change({ leftOut });
    },
    pin: (pinnedId) => change({ pinnedId }),

    async plan() {
      const { configuration, presetId } = store.getState().setup;
      plansMade += 1;
      const made = plansMade;
      if (findProblems(configuration).length > 0 || app.getState().engine.status !== 'ready') {
        store.setState({ plan: { status: 'unknown' } });
        return;
      }
      const model = presetOf(presetId).scratch ?? 'current';
      const outcome = await client.call('planTraining', { model, configuration });
      // A newer plan was requested meanwhile.
      if (made !== plansMade) return;
      store.setState({
        plan: outcome.ok
          ? { status: 'known', plan: outcome.value }
          : { status: 'failed', failure: outcome.error },
      });
    },
  };
}
