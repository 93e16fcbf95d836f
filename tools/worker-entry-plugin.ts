/**
 * WebKit evaluates a module worker's entry once more where a chunk of the worker imports it: a second instance then answers
 * the same messages. So a worker's entry is a file that nothing imports, and a build in which something does fails.
 */
import type { Plugin } from 'vite';

export function workerEntry(): Plugin {
  return {
    name: 'dinoscope-worker-entry',
    // What chunks share with the entry then lies in a chunk of its own. Vite sets false, and takes no option for workers.
    options: (options) => ({ ...options, preserveEntrySignatures: 'strict' }),
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk');
      const entries = new Set(chunks.filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName));
      for (const { fileName, imports, dynamicImports } of chunks) {
        const imported = [...imports, ...dynamicImports].find((name) => entries.has(name));
        if (imported !== undefined)
          this.error(`${fileName} imports the worker's entry ${imported}: WebKit would evaluate it twice`);
      }
    },
  };
}
