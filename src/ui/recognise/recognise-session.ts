/**
 * Recognition in the page: collections, the photographs that are taken in, classes, and what is asked about them. State is in the
 * store. Only this module and its parts call the worker's methods for it.
 */
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { Classes } from '../engine/classes.ts';
import type { EngineSession } from '../engine/session.ts';
import type { AppStore } from '../state/app-store.ts';
import { createAskActions, type AskActions } from './ask-actions.ts';
import { createClassActions, type ClassActions } from './class-actions.ts';
import { createCollectionActions, type CollectionActions } from './collection-actions.ts';
import { createGatherActions, type GatherActions } from './gather-actions.ts';
import { createHeadActions, type HeadActions } from './head-actions.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import type { RecogniseStore } from './recognise-state.ts';
import { createVoting } from './voting.ts';
import { createViewActions, type ViewActions } from './view-actions.ts';

export interface RecogniseSession
  extends CollectionActions, GatherActions, ClassActions, AskActions, HeadActions, ViewActions {
  readonly store: RecogniseStore;
}

export function createRecogniseSession(
  client: EngineClient,
  app: AppStore,
  viewer: Pick<EngineSession, 'add'>,
  classes: Classes,
  store: RecogniseStore,
): RecogniseSession {
  /** Where another window has changed the open collection, it is read again, whatever was asked. */
  const call: EngineClient['call'] = async (method, request, options) => {
    const outcome = await client.call(method, request, options);
    if (!outcome.ok && outcome.error.code === 'collection-changed') void collections.showChanged();
    return outcome;
  };
  const conduct: RecogniseConduct = { client: { call }, app, store };
  const voting = createVoting(conduct);
  const collections = createCollectionActions(conduct, voting);
  return {
    store,
    ...collections,
    ...createGatherActions(conduct, voting, collections),
    ...createClassActions(conduct, voting, collections),
    ...createAskActions(conduct),
    ...createHeadActions(conduct, classes),
    ...createViewActions(conduct, viewer, voting),
  };
}
