/** Detects a start that hangs because a graphics driver or a worker never answers. */
import type { BackendName } from '../../core/failure.ts';
import type { StartProgress } from '../../core/progress.ts';

/**
 * Time until the next report must come. Opening a device, or compiling for it, may take half a minute on a slow
 * machine.
 */
export const silenceTimeoutMs = 60_000;
/** A timer that fires later than this means that the machine was asleep. */
const sleptMs = 10_000;

/** What must report next: the worker, until its first report; then the back end that it opens. */
export type Awaited = 'worker' | BackendName;

export interface StartWatch {
  hear(progress: StartProgress): void;
  /** Called when the start has ended. */
  end(): void;
}

/**
 * @param onSilence called once, with what did not answer. There is no limit while a model loads, since the page shows
 * its progress
 */
export function watchStart(onSilence: (awaited: Awaited) => void, now: () => number): StartWatch {
  let timer: ReturnType<typeof setTimeout> | undefined;

  const waitFor = (awaited: Awaited): void => {
    clearTimeout(timer);
    const begun = now();
    timer = setTimeout(() => {
      if (now() - begun > silenceTimeoutMs + sleptMs) waitFor(awaited);
      else onSilence(awaited);
    }, silenceTimeoutMs);
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
