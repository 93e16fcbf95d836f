import '@fontsource-variable/instrument-sans';
import './ui/styles/page.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { embeddedModelId } from './core/embedded-model.ts';
import { createEngineClient } from './rpc/client.ts';
import type { BackendChoice } from './rpc/contract.ts';
import { App } from './ui/app.tsx';
import { createPictures } from './ui/engine/pictures.ts';
import { createSession } from './ui/engine/session.ts';
import { createAppStore } from './ui/state/app-store.ts';
import { recallSettings } from './ui/state/settings.ts';

const defaultSidePx = 320;

// ?backend=webgpu|wasm|cpu forces a back end, ?side=<px> the input's long side, ?model=<id> a folder under models/.
const parameters = new URLSearchParams(location.search);

const readBackend = (): BackendChoice => {
  const choices: readonly BackendChoice[] = ['webgpu', 'wasm', 'cpu'];
  return choices.find((choice) => choice === parameters.get('backend')) ?? 'auto';
};

const readSidePx = (): number => {
  const sidePx = Number(parameters.get('side'));
  return Number.isInteger(sidePx) && sidePx >= 32 && sidePx <= 2048 ? sidePx : defaultSidePx;
};

const readModelUrl = (): string => {
  const asked = parameters.get('model') ?? '';
  // A name, not a path: models come from the page's own folder and nowhere else.
  const id = /^[\w.-]+$/.test(asked) ? asked : embeddedModelId;
  return new URL(`models/${id}/model.json`, document.baseURI).href;
};

const client = createEngineClient(
  () => new Worker(new URL('./worker/engine-worker.ts', import.meta.url), { type: 'module', name: 'engine' }),
);
const store = createAppStore(recallSettings(), { shape: 'photograph', sidePx: readSidePx() });
const session = createSession(client, store, { modelUrl: readModelUrl(), backend: readBackend() });
const pictures = createPictures(client, store);
session.start();

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App services={{ store, session, pictures }} />
  </StrictMode>,
);

// The page opens without a network from the second visit on. Not in development, where it would hide every change.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register('./sw.js').catch((error: unknown) => {
    console.warn('The page will need a network next time:', error);
  });
}
