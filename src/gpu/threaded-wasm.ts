/**
 * tfjs starts wasm threads from its factory function's own text (`toString`), which a bundler has rewritten: the text names
 * helpers that do not exist in a thread. This gives the function its original text back.
 */
import factory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';
import source from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js?raw';
import { hasStarted } from './has-started.ts';

/** The file is `var Name = (() => …)();` and exports for several module systems; tfjs wants the expression. */
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

/** A thread starts from a blob and imports another; a host's policy may forbid it, and tfjs would then wait for ever. */
async function threadsCanStart(): Promise<boolean> {
  // Not empty: Firefox takes a worker from an empty source for a mistake, and says so on the console.
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

/** Call before tfjs opens its wasm back end. @returns whether threads may be used */
export async function prepareThreads(): Promise<boolean> {
  if (!(await threadsCanStart())) return false;
  restoreThreadSource();
  return true;
}
