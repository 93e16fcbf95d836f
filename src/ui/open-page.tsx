import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { overlaps, type Overlap } from '../core/overlap.ts';
import type { WorkerScript } from '../rpc/client.ts';
import { createEngineClient } from '../rpc/engine-client.ts';
import type { BackendChoice } from '../core/backend.ts';
import { createLibraryClient } from '../rpc/library-client.ts';
import { App } from './shell/app.tsx';
import { keepForOffline } from './keep-for-offline.ts';
import { replaceUnknownLanguage } from './known-language.ts';
import { createClasses } from './engine/classes.ts';
import { createMasks } from './engine/masks.ts';
import { createPictures } from './engine/pictures.ts';
import { createSession } from './engine/session.ts';
import { createModelLibrary } from './models/model-library.ts';
import { readAddress } from './state/address.ts';
import { createAppStore, type AppStore } from './state/app-store.ts';
import { recallSettings } from './state/settings.ts';
import { createRecogniseSession } from './recognise/recognise-session.ts';
import { createRecogniseStore } from './recognise/recognise-state.ts';
import { createTrainingSession } from './training/training-session.ts';
import { createTrainingStore } from './training/training-state.ts';

const defaultSidePx = 320;

// ?backend=webgpu|wasm|cpu forces a back end, ?side=<px> the input's long side, ?overlap=2|4 has patches overlap, ?model=<id> takes a
// folder under models/.
const parameters = new URLSearchParams(location.search);

const readBackend = (): BackendChoice => {
  const choices: readonly BackendChoice[] = ['webgpu', 'wasm', 'cpu'];
  return choices.find((choice) => choice === parameters.get('backend')) ?? 'auto';
};

const readSidePx = (): number => {
  const sidePx = Number(parameters.get('side'));
  return Number.isInteger(sidePx) && sidePx >= 32 && sidePx <= 2048 ? sidePx : defaultSidePx;
};

const readOverlap = (): Overlap =>
  overlaps.find((overlap) => String(overlap) === parameters.get('overlap')) ?? 1;

/** @returns when the engine runs or does not start. Until then the connection belongs to what a person waits for. */
const whenStarted = (store: AppStore): Promise<void> =>
  new Promise((resolve) => {
    const stop = store.subscribe(({ engine }) => {
      if (engine.status === 'starting') return;
      stop();
      resolve();
    });
  });

export interface PageWorkers {
  readonly engine: WorkerScript;
  readonly library: WorkerScript;
}

/** Makes the services, and the page with them. Called once. */
export function openPage(workers: PageWorkers): void {
  replaceUnknownLanguage(navigator);
  const client = createEngineClient(workers.engine);
  const framing = { shape: 'photograph', sidePx: readSidePx(), overlap: readOverlap() } as const;
  const store = createAppStore(recallSettings(), framing, readAddress(parameters, location.hash));
  const session = createSession(client, store, { backend: readBackend() });
  const pictures = createPictures(client, store);
  const masks = createMasks(client, store, session);
  const classes = createClasses(client, store);
  const library = createModelLibrary(() => createLibraryClient(workers.library), session, store);
  const training = createTrainingSession(client, store, library, createTrainingStore());
  const recognise = createRecogniseSession(client, store, session, classes, createRecogniseStore());
  void library.startSession(parameters.get('model'));
  void training.offerToResume();

  const root = document.getElementById('root');
  if (!root) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <App services={{ store, session, pictures, masks, classes, library, training, recognise }} />
    </StrictMode>,
  );

  // The page opens without a network from the second visit on. Not in development, where it would hide every change.
  if (import.meta.env.PROD && 'serviceWorker' in navigator)
    void whenStarted(store).then(() => keepForOffline(navigator.serviceWorker, store.getState().say));
}
