/** Asks the worker for everybody's votes, and keeps what is shown in step with them. */
import { isFinalFailure } from '../../core/failure.ts';
import { formatPercent } from '../kit/format.ts';
import { arrangeItems } from './arrange-items.ts';
import { createLatestCall } from './latest-call.ts';
import { neighboursToAsk } from './recognise-state.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';

export interface Voting {
  /** @param arranges whether the photographs are put in order anew */
  vote(arranges: boolean): Promise<void>;
}

export function createVoting({ client, app, store }: RecogniseConduct): Voting {
  const call = createLatestCall(
    store,
    () => store.getState().votes,
    (votes) => store.setState({ votes }),
  );
  /** A vote that is replaced by another one was perhaps to put the photographs in order. */
  let mustArrange = false;
  /** The engine did not run when it was asked. */
  let isDue = false;

  const vote = async (arranges: boolean): Promise<void> => {
    const { open, feature } = store.getState();
    mustArrange ||= arranges;
    if (open === null) return;
    isDue = app.getState().engine.status !== 'ready';
    if (isDue) return;
    const { id } = open.kept;
    const k = neighboursToAsk(store.getState());
    const votes = await call.ask((signal, tell) =>
      client.call('vote', { id, feature, k }, { signal, onProgress: ({ share }) => tell(share) }),
    );
    if (votes === null || store.getState().open?.kept.id !== id) return;
    if (mustArrange) store.setState((state) => ({ arranged: arrangeItems(state) }));
    mustArrange = false;
    // While photographs come, the number changes every few seconds.
    if (votes.accuracy !== null && store.getState().gathering === null)
      app.getState().announce(`Leave-one-out accuracy ${formatPercent(votes.accuracy)}.`);
  };

  // Asked again where the engine was lost meanwhile.
  app.subscribe(({ engine }, before) => {
    const { votes } = store.getState();
    if (engine.status !== 'ready' || before.engine.status === 'ready') return;
    if (isDue || (votes.status === 'failed' && isFinalFailure(votes.failure))) void vote(true);
  });

  return { vote };
}
