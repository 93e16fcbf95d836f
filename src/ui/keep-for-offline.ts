/** Keeps the page for visits without a network. If that fails it says so at once, since a person may count on it for a lecture. */

const sentence =
  'The page could not be kept in this browser, perhaps for want of room: the next visit needs a network. Load it again to try once more.';

/** @param say shows a message */
export async function keepForOffline(
  workers: ServiceWorkerContainer,
  say: (text: string, tone: 'warning') => unknown,
): Promise<void> {
  try {
    // The type says that it is never undefined, but a browser that blocks service workers returns undefined.
    const registration = (await workers.register('./sw.js')) as ServiceWorkerRegistration | undefined;
    const installing = registration?.installing ?? null;
    installing?.addEventListener('statechange', () => {
      // If an older version is kept, it still works offline.
      if (installing.state === 'redundant' && registration?.active === null) say(sentence, 'warning');
    });
  } catch (error) {
    // Private windows of some browsers refuse all service workers. They are not expected to keep anything, so no message.
    if (error instanceof DOMException && error.name === 'SecurityError')
      console.warn('The page will need a network next time:', error);
    else say(sentence, 'warning');
  }
}
