/**
 * A server may accept a request and never answer, and so may a browser's storage.
 * @param during words for the error, read when it comes: what was waited for
 * @throws Error if `work` has not settled after `ms`
 */
export async function withTimeout<T>(work: Promise<T>, ms: number, during = (): string => ''): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s${during()}`)), ms);
  });
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
