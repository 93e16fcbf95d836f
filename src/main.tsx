/**
 * The entry. The engine's worker takes longest to be ready, so it begins to load at once, beside the page's own scripts
 * (`tools/early-scripts-plugin`).
 */
import '@fontsource-variable/instrument-sans';
import './ui/styles/page.css';
import { isScriptGone } from './core/script-gone.ts';
import { beginEarly } from './rpc/begin-early.ts';
import type { WorkerScript } from './rpc/client.ts';
import engineScriptUrl from './worker/engine-worker.ts?worker&url';
import libraryScriptUrl from './worker/model-worker.ts?worker&url';

const workerScript = (url: string, name: string): WorkerScript => ({
  start: () => new Worker(url, { type: 'module', name }),
  isGone: () => isScriptGone(url),
});

const engine = beginEarly(workerScript(engineScriptUrl, 'engine'));
const { openPage } = await import('./ui/open-page.tsx');
openPage({ engine, library: workerScript(libraryScriptUrl, 'models') });
