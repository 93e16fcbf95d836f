import { FailureError } from '../core/failure.ts';
import type { ModelSource } from './model-source.ts';

/**
 * A model in tfjs format from dropped files or from files that the browser keeps. They are local, so nothing is
 * cached.
 */
export const openFilesSource = (files: ReadonlyMap<string, Blob>): ModelSource => ({
  cache: null,
  fetch: (path) => {
    const file = files.get(path);
    return file === undefined
      ? Promise.reject(
          new FailureError({ code: 'model-shard-damaged', path, problem: 'it is not among the files' }),
        )
      : Promise.resolve(new Response(file));
  },
});
