/**
 * A thread that sends no message for this long is considered not started: some browsers never start a worker that was
 * created by a worker.
 */
export const threadTimeoutMs = 15_000;

/**
 * To be called right after the thread is created.
 * @returns whether the thread sends a message; if it does not, it is terminated
 */
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
