/** A thread that has said nothing for so long is taken for one that never will: some browsers hold a worker's worker back for ever. */
export const threadTimeoutMs = 15_000;

/** Asked right after the thread was made. @returns whether it says anything; one that does not is ended */
export function hasStarted(thread: Worker): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isStarted: boolean): void => {
      clearTimeout(timer);
      if (!isStarted) thread.terminate();
      resolve(isStarted);
    };
    const timer = setTimeout(() => end(false), threadTimeoutMs);
    thread.addEventListener('message', () => end(true), { once: true });
    thread.addEventListener('error', () => end(false), { once: true });
  });
}
