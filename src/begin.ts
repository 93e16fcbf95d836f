/** The page's workers. The engine's takes longest to be ready, so it begins to load when this file is evaluated. */
import { isScriptGone } from './core/script-gone.ts';
import { beginEarly } from './rpc/begin-early.ts';
import type { WorkerScript } from './rpc/client.ts';
import engineScriptUrl from './worker/engine-worker.ts?worker&url';
import libraryScriptUrl from './worker/model-worker.ts?worker&url';

const workerScript = (url: string, name: string): WorkerScript => ({
  start: () => new Worker(url, { type: 'module', name }),
  isGone: () => isScriptGone(url),
});

export const engineScript = beginEarly(workerScript(engineScriptUrl, 'engine'));
export const libraryScript = workerScript(libraryScriptUrl, 'models');
