import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { RecogniseStore } from './recognise-state.ts';

/** What the parts of the session share. */
export interface RecogniseConduct {
  readonly client: Pick<EngineClient, 'call'>;
  readonly app: AppStore;
  readonly store: RecogniseStore;
}
