/**
 * tfjs starts wasm threads from the source text of its factory function (`toString`). A bundler rewrites that text, and
 * it then names helpers that do not exist in a thread. This module gives the function its original text back.
 */
import factory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';
import source from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js?raw';
import { hasStarted } from './has-started.ts';

/**
 * The file is `var Name = (() => …)();` followed by exports for several module systems; tfjs needs only the expression.
 */
function factoryExpression(file: string): string {
  const expression = /var WasmBackendModuleThreadedSimd = (\(\(\) => \{[\s\S]*\}\)\(\));/.exec(file)?.[1];
  if (expression === undefined) throw new Error('the threaded wasm factory looks different from tfjs 4.22');
  return expression;
}

function restoreThreadSource(): void {
  const expression = factoryExpression(source);
  Object.defineProperty(factory, 'toString', { value: () => expression, configurable: true });
}

const blobUrl = (script: string): string =>
  URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));

/**
 * A thread starts from a blob and imports another blob. A host's policy may forbid this, and tfjs would then wait for
 * ever.
 */
async function threadsCanStart(): Promise<boolean> {
  // The source must not be empty: Firefox treats a worker with an empty source as a mistake and reports it on the
  // console.
  const imported = blobUrl("const answer = 'started';");
  const script = blobUrl(`importScripts(${JSON.stringify(imported)}); postMessage(answer);`);
  try {
    const thread = new Worker(script);
    return await hasStarted(thread).finally(() => thread.terminate());
  } catch {
    return false;
  } finally {
    URL.revokeObjectURL(imported);
    URL.revokeObjectURL(script);
  }
}

/**
 * Must be called before tfjs opens its wasm back end.
 * @returns whether threads may be used
 */
export async function prepareThreads(): Promise<boolean> {
  if (!(await threadsCanStart())) return false;
  restoreThreadSource();
  return true;
}
