import type { WorkerScript } from './client.ts';

/**
 * Starts a worker now, for whoever asks for one first. If its script did not load meanwhile, a new one is started then, whose
 * events can be heard.
 * @returns the script, to be used in place of the given one
 */
export function beginEarly(script: WorkerScript): WorkerScript {
  let early: Worker | null = script.start();
  const drop = (): void => {
    early?.terminate();
    early = null;
  };
  early.addEventListener('error', drop, { once: true });
  return {
    ...script,
    start: () => {
      const worker = early;
      worker?.removeEventListener('error', drop);
      early = null;
      return worker ?? script.start();
    },
  };
}
