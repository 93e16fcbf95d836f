import type { BackendChoice } from '../../core/backend.ts';
import { type BackendName, type Failure, isEngineFailure } from '../../core/failure.ts';

/**
 * @param used the back end that ran last; null where none has run yet
 * @param choice what was asked for; 'auto' has tried wasm before plain JavaScript
 * @returns the back end that may do better after this failure; null where none is left, or where it is not the back end's fault
 */
export function otherBackend(
  failure: Failure,
  used: BackendName | null,
  choice: BackendChoice,
): BackendName | null {
  if (!isEngineFailure(failure)) return null;
  const failed = 'backend' in failure ? failure.backend : choice === 'auto' ? used : choice;
  if (failed === 'wasm') return 'cpu';
  return failed === 'cpu' && choice !== 'cpu' ? null : 'wasm';
}
