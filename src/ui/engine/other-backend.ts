import type { BackendChoice } from '../../core/backend.ts';
import { type BackendName, type Failure, isEngineFailure } from '../../core/failure.ts';

/**
 * @param used the back end that ran last; null if none has run yet
 * @param choice the requested back end; 'auto' has tried wasm before plain JavaScript
 * @returns a back end that may work after this failure; null if none is left, or if the back end did not cause the failure
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
