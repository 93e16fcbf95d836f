import { embeddedModelId } from '../../core/embedded-model.ts';
import type { ServedModel } from '../state/library-state.ts';
import { isModelId } from '../state/model-choice.ts';

/** @returns the entries of a models.json besides the embedded model; invalid entries are ignored */
export function parseServedModels(json: unknown): readonly ServedModel[] {
  const list: unknown = typeof json === 'object' && json !== null && 'models' in json ? json.models : null;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown): ServedModel[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { id, title, bytes }: { id?: unknown; title?: unknown; bytes?: unknown } = entry;
    if (!isModelId(id) || typeof title !== 'string' || id === embeddedModelId) return [];
    return [{ id, title, byteLength: typeof bytes === 'number' && bytes > 0 ? bytes : null }];
  });
}

/** @returns an empty list if it cannot be loaded; the page works without it */
export async function fetchServedModels(): Promise<readonly ServedModel[]> {
  try {
    const response = await fetch(new URL('models/models.json', document.baseURI));
    return response.ok ? parseServedModels(await response.json()) : [];
  } catch {
    return [];
  }
}
