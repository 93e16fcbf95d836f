/** Whether a host still has a script. Nothing is imported here, since the service worker needs it too. */

const timeoutMs = 5000;

/**
 * Asks the host itself, past the caches of the browser and of the service worker.
 * @throws what `fetch` throws where nobody answers, or `signal` ends it
 */
export async function isMissingOnHost(url: string | URL, signal: AbortSignal): Promise<boolean> {
  const { ok, status, headers } = await fetch(url, { method: 'HEAD', cache: 'no-store', signal });
  // Some hosts send a page for whatever they do not have.
  return status === 404 || status === 410 || (ok && /html/i.test(headers.get('Content-Type') ?? ''));
}

/**
 * @param url of a script of this build
 * @returns whether the host says that it does not have it; false where it does not answer
 */
export const isScriptGone = (url: string | URL): Promise<boolean> =>
  isMissingOnHost(url, AbortSignal.timeout(timeoutMs)).catch(() => false);
