/** A start that hangs: a graphics driver or a worker that never answers would be waited for for ever. */
import type { BackendName } from '../../core/failure.ts';
import type { StartProgress } from '../../core/progress.ts';

/** Each sign of life gives so much time anew. Opening a device, or compiling for it, may take half a minute on a slow machine. */
export const silencePatienceMs = 60_000;
/** A timer that comes later than this says that the machine was asleep, and the worker with it. */
const sleptMs = 10_000;

/** What may be silent: the worker itself, until it has said something; then the back end that it works on. */
export type Awaited = 'worker' | BackendName;

export interface StartWatch {
  hear(progress: StartProgress): void;
  /** The start has ended. */
  end(): void;
}

/**
 * @param onSilence told once, what was waited for in vain. A model that is on its way is waited for as long as somebody likes: the
 *   page shows its bytes
 */
export function watchStart(onSilence: (awaited: Awaited) => void, now: () => number): StartWatch {
  let timer: ReturnType<typeof setTimeout> | undefined;

  const waitFor = (awaited: Awaited): void => {
    clearTimeout(timer);
    const begun = now();
    timer = setTimeout(() => {
      if (now() - begun > silencePatienceMs + sleptMs) waitFor(awaited);
      else onSilence(awaited);
    }, silencePatienceMs);
  };

  waitFor('worker');
  let hasSpoken = false;
  return {
    hear(progress) {
      if (progress.stage === 'working' && progress.backend !== null) waitFor(progress.backend);
      else if (progress.stage === 'working' || !hasSpoken) clearTimeout(timer);
      hasSpoken = true;
    },
    end: () => clearTimeout(timer),
  };
}
