/** What is asked about a collection besides votes: look-alikes, the map, the linear probe. */
import { describeFailure } from '../../core/failure.ts';
import { succeed } from '../../core/result.ts';
import { formatPercent } from '../kit/format.ts';
import { arrangeItems } from './arrange-items.ts';
import { createLatestCall } from './latest-call.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import { neighboursToAsk, type MapMethod, type ProbeView } from './recognise-state.ts';

export interface AskActions {
  /** The nearest of the photograph that is shown by itself, and all near-duplicates. */
  findLookAlikes(): Promise<void>;
  layOut(method: MapMethod): Promise<void>;
  cancelMap(): void;
  trainProbe(): Promise<void>;
  cancelProbe(): void;
  openProbe(file: File): Promise<void>;
}

/** How many of the nearest are shown. */
const nearestShown = 24;
/** The same map and the same held-out photographs each time. */
const seed = 0;
const heldOutShare = 0.25;

export function createAskActions({ client, app, store }: RecogniseConduct): AskActions {
  const lookAlikes = createLatestCall(
    store,
    () => store.getState().lookAlikes,
    (value) => store.setState({ lookAlikes: value }),
  );
  const map = createLatestCall(
    store,
    () => store.getState().map,
    (value) => store.setState({ map: value }),
  );
  const probe = createLatestCall(
    store,
    () => store.getState().probe,
    (value) => store.setState({ probe: value }),
  );
  const idOfOpen = (): string | null => store.getState().open?.kept.id ?? null;
  const arrange = (): void => store.setState((state) => ({ arranged: arrangeItems(state) }));

  return {
    async findLookAlikes() {
      const id = idOfOpen();
      if (id === null) return;
      const { lookAlikeFeature: feature, cursor: of } = store.getState();
      await lookAlikes.ask(async (signal, tell) => {
        const outcome = await client.call(
          'lookAlikes',
          { id, feature, of, count: nearestShown },
          { signal, onProgress: ({ share }) => tell(share) },
        );
        return outcome.ok ? succeed({ ...outcome.value, of }) : outcome;
      });
    },

    async layOut(method) {
      const id = idOfOpen();
      store.setState({ mapMethod: method });
      if (id === null) return;
      const { feature } = store.getState();
      await map.ask(async (signal, tell) => {
        const outcome = await client.call(
          'layOut',
          { id, feature, method, seed },
          { signal, onProgress: ({ share }) => tell(share) },
        );
        return outcome.ok ? succeed(outcome.value.places) : outcome;
      });
    },

    cancelMap: () => map.cancel(),

    async trainProbe() {
      const id = idOfOpen();
      if (id === null) return;
      const { feature } = store.getState();
      const k = neighboursToAsk(store.getState());
      const trained = await probe.ask(async (signal, tell) => {
        const outcome = await client.call(
          'trainProbe',
          { id, feature, heldOutShare, seed, k },
          { signal, onProgress: ({ share }) => tell(share) },
        );
        if (!outcome.ok) return outcome;
        const { value } = outcome;
        return succeed<ProbeView>({ trained: { ...value, k }, predictions: value, feature, fileName: null });
      });
      if (trained === null) return;
      arrange();
      const accuracy = trained.trained?.accuracy ?? null;
      app
        .getState()
        .announce(
          accuracy === null
            ? 'The linear probe is trained.'
            : `The linear probe is trained: ${formatPercent(accuracy)} on held-out photographs.`,
        );
    },

    cancelProbe: () => probe.cancel(),

    async openProbe(file) {
      const id = idOfOpen();
      if (id === null) return;
      const opened = await probe.ask(async (signal) => {
        const outcome = await client.call('openProbe', { id, file }, { signal });
        if (!outcome.ok) return outcome;
        const { feature, ...predictions } = outcome.value;
        return succeed<ProbeView>({ trained: null, predictions, feature, fileName: file.name });
      });
      const state = store.getState().probe;
      if (state.status === 'failed')
        app.getState().announce(`${file.name}: ${describeFailure(state.failure)}`);
      if (opened !== null) arrange();
    },
  };
}
