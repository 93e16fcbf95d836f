import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../src/core/failure.ts';
import type { ModelSource } from '../../src/models/model-source.ts';

/** A model in tfjs format in a folder of this machine. */
export function folderSource(folder: string): ModelSource {
  return {
    cache: null,
    fetch: async (path) => {
      const url = join(folder, path);
      try {
        return new Response(await readFile(url));
      } catch {
        throw new FailureError({ code: 'model-unreachable', url, status: null });
      }
    },
  };
}
