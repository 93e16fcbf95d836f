/**
 * WebKit evaluates a module worker's entry once more where a chunk of the worker imports it: a second instance then answers
 * the same messages. So a worker's entry is a file that nothing imports, and a build in which something does fails.
 */
import { posix } from 'node:path';
import type { Plugin, Rolldown } from 'vite';
import { allImports } from './all-imports.ts';

/** The entry names what its imports import too, so that browsers fetch all at once, and not one after the other. */
function nameAllImports(entry: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle): void {
  for (const name of allImports(entry, bundle)) {
    if (entry.imports.includes(name)) continue;
    // At the end, since scripts run in the order in which they are named.
    entry.code += `import ${JSON.stringify(`./${posix.relative(posix.dirname(entry.fileName), name)}`)};\n`;
    entry.imports.push(name);
  }
}

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
      for (const chunk of chunks) if (chunk.isEntry) nameAllImports(chunk, bundle);
    },
  };
}
