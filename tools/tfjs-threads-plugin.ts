/**
 * tfjs's threaded wasm starts eight threads of its own, whatever is asked of it; our kernels need none of them. In what this plugin
 * builds the file starts as many as `globalThis.tfjsThreads` says, which `gpu/open-wasm` sets; elsewhere it starts its eight.
 */
import type { Plugin } from 'vite';

const asked = 'var pthreadPoolSize=8;';

export function fewerTfjsThreads(): Plugin {
  return {
    name: 'dinoscope-fewer-tfjs-threads',
    apply: 'build',
    transform(code, id) {
      if (!id.endsWith('/tfjs-backend-wasm-threaded-simd.js')) return null;
      const parts = code.split(asked);
      if (parts.length !== 2) this.error('the threaded wasm of tfjs looks different from 4.22');
      return { code: parts.join('var pthreadPoolSize=globalThis.tfjsThreads??8;'), map: null };
    },
  };
}
