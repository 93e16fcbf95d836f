/** Keeps the page for visits without a network. If that fails it says so at once, since a person may count on it for a lecture. */
import { takeOverMessage } from '../core/take-over.ts';

const sentence =
  'The page could not be kept in this browser, perhaps because one of its files did not come or there is no room: the next visit needs a network. Load it again to try once more.';

/** Time that a new version has to take over by itself, and between two messages. */
const urgeMs = 2000;

/**
 * Asks a new version to take over for as long as it waits. It asks by itself when it is installed, but Chromium forgets that if the
 * version before gets a request at that moment, and the new one would then wait until all tabs are closed.
 */
const urge = (worker: ServiceWorker): void =>
  void setTimeout(() => {
    if (worker.state !== 'installed') return;
    worker.postMessage(takeOverMessage);
    urge(worker);
  }, urgeMs);

/** @param say shows a message */
export async function keepForOffline(
  workers: ServiceWorkerContainer,
  say: (text: string, tone: 'warning') => unknown,
): Promise<void> {
  try {
    // The type says that it is never undefined, but a browser that blocks service workers returns undefined.
    const registration = (await workers.register('./sw.js')) as ServiceWorkerRegistration | undefined;
    if (registration === undefined) return;
    const follow = (): void => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed') urge(installing);
        // If an older version is kept, it still works offline.
        if (installing.state === 'redundant' && registration.active === null) say(sentence, 'warning');
      });
    };
    follow();
    registration.addEventListener('updatefound', follow);
    if (registration.waiting !== null) urge(registration.waiting);
  } catch (error) {
    // Private windows of some browsers refuse all service workers. They are not expected to keep anything, so no message.
    if (error instanceof DOMException && error.name === 'SecurityError')
      console.warn('The page will need a network next time:', error);
    else say(sentence, 'warning');
  }
}
