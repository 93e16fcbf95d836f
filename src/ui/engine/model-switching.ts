/** Replaces the model in use while the engine runs. The old model stays until the new one has computed. */
import { describeFailure, type Failure } from '../../core/failure.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { ModelDescription } from '../../core/model.ts';
import type { ModelProgress } from '../../core/progress.ts';
import type { AppStore } from '../state/app-store.ts';
import type { ChosenModel } from '../state/model-choice.ts';
import type { ModelSwitch, UsedModel } from '../state/model-in-use.ts';
import { countOf } from '../../core/count-of.ts';

export interface ModelSwitching {
  /**
   * Loads another model while the one in use goes on; then every photograph is run again with it.
   * @returns the new model, or the failure; both are shown to the person
   */
  useModel(model: ChosenModel, title: string): Promise<Result<ModelDescription, Failure>>;
  cancelModelSwitch(): void;
  /** Loads a model beside the one in use, and compares the two. A failure is shown to the person. */
  compareWith(model: ChosenModel, title: string): Promise<void>;
}

/** The actions of the session that switching needs. */
interface SessionActions {
  /** Starts a new engine with this model; resolves when it runs or has failed. */
  startWith(model: ChosenModel): Promise<void>;
  /** Called when the engine has this model: makes it the model in use and runs the photographs again. */
  take(model: UsedModel): void;
}

function describeUncompared(title: string, failure: Failure): string {
  const isOffline = failure.code === 'model-unreachable' && failure.status === null;
  const hint = isOffline
    ? ' Without a network, models can be compared that this page has loaded before.'
    : '';
  return `${title}: ${describeFailure(failure)}${hint}`;
}

export function createModelSwitching(
  client: EngineClient,
  store: AppStore,
  session: SessionActions,
): ModelSwitching {
  let switching: AbortController | null = null;

  /** Waits for the engine's start, since a model can only be replaced in a running engine. */
  const untilStarted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const isStarting = (): boolean => store.getState().engine.status === 'starting';
      if (!isStarting()) return resolve();
      const stop = store.subscribe(() => {
        if (!isStarting()) end();
      });
      const end = (): void => {
        stop();
        signal.removeEventListener('abort', end);
        resolve();
      };
      signal.addEventListener('abort', end);
    });

  /**
   * Loads one model at a time: an earlier load ends. The page shows it from its beginning to its end.
   * @param load called once the engine has started
   * @returns with the outcome, whether it was still the last one that was asked for when it ended
   */
  const during = async <T>(
    purpose: ModelSwitch['purpose'],
    { choice }: ChosenModel,
    title: string,
    load: (signal: AbortSignal, onProgress: (progress: ModelProgress) => void) => Promise<Result<T, Failure>>,
  ): Promise<{ readonly outcome: Result<T, Failure>; readonly isLast: boolean }> => {
    switching?.abort();
    const controller = new AbortController();
    switching = controller;
    const { setModelSwitch } = store.getState();
    const show = (progress: ModelProgress | null): void => {
      if (switching === controller) setModelSwitch({ purpose, choice, title, progress });
    };
    show(null);
    await untilStarted(controller.signal);
    const outcome: Result<T, Failure> = controller.signal.aborted
      ? fail({ code: 'cancelled' })
      : await load(controller.signal, show);
    const isLast = switching === controller;
    if (isLast) {
      switching = null;
      setModelSwitch(null);
    }
    return { outcome, isLast };
  };

  const exchange = async (
    next: ChosenModel,
    signal: AbortSignal,
    onProgress: (progress: ModelProgress) => void,
  ): Promise<Result<ModelDescription, Failure>> => {
    if (store.getState().engine.status !== 'ready') {
      // The engine may have failed because its model could not be loaded, so it starts with the new one.
      await session.startWith(next);
      const { engine, models } = store.getState();
      if (engine.status !== 'ready')
        return fail(engine.status === 'failed' ? engine.failure : { code: 'cancelled' });
      // The start used the fallback model and has shown why.
      if (models.used?.key !== next.key) return fail({ code: 'cancelled' });
      session.take(models.used);
      return succeed(models.used.description);
    }
    const outcome = await client.call(
      'useModel',
      { model: { key: next.key, reference: next.reference } },
      {
        signal,
        // A cancel may come just after the worker has replaced the model: the worker's answer says which one is in use.
        awaitsWorker: true,
        onProgress,
      },
    );
    if (!outcome.ok) return signal.aborted ? fail({ code: 'cancelled' }) : outcome;
    const { engine } = store.getState();
    // The engine was lost at the same moment, and is restarting with the old model.
    if (engine.status !== 'ready') return fail({ code: 'cancelled' });
    session.take({ ...next, description: outcome.value.model });
    return succeed(outcome.value.model);
  };

  return {
    async useModel(next, title) {
      const { outcome } = await during('use', next, title, (signal, onProgress) =>
        exchange(next, signal, onProgress),
      );
      const { warnOfModel, announce, order, engine, models } = store.getState();
      if (outcome.ok) {
        const again = order.length === 0 ? '' : ` ${countOf(order.length, 'photograph')} run again with it.`;
        announce(`${outcome.value.title} is in use.${again}`);
      } else if (outcome.error.code !== 'cancelled' && engine.status !== 'failed') {
        // If the engine does not run, another message says so.
        const stays = models.used === null ? '' : ` ${models.used.description.title} stays in use.`;
        warnOfModel('use', `${title}: ${describeFailure(outcome.error)}${stays}`);
      }
      return outcome;
    },

    cancelModelSwitch() {
      switching?.abort();
      switching = null;
      store.getState().setModelSwitch(null);
    },

    async compareWith(next, title) {
      const model = { key: next.key, reference: next.reference };
      const { outcome, isLast } = await during('compare', next, title, (signal, onProgress) =>
        client.call('addModel', { model }, { signal, onProgress }),
      );
      if (!isLast) return;
      const { setAgainst, warnOfModel, announce } = store.getState();
      if (outcome.ok) {
        setAgainst({ model: { ...next, description: outcome.value.model }, look: null });
        announce(`Compared with ${outcome.value.model.title}.`);
      } else if (outcome.error.code !== 'cancelled')
        warnOfModel('compare', describeUncompared(title, outcome.error));
    },
  };
}
