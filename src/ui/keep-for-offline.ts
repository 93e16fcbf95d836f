/** The page is kept for visits without a network; where that fails, somebody who counts on it in a lecture hall hears so now. */

const sentence =
  'The page could not be kept in this browser, perhaps for want of room: the next visit needs a network. Load it again to try once more.';

/** @param say tells a person */
export async function keepForOffline(
  workers: ServiceWorkerContainer,
  say: (text: string, tone: 'warning') => unknown,
): Promise<void> {
  try {
    // Typed as always there; a browser that is told to block service workers gives none.
    const registration = (await workers.register('./sw.js')) as ServiceWorkerRegistration | undefined;
    const installing = registration?.installing ?? null;
    installing?.addEventListener('statechange', () => {
      // Where an older version is kept, it opens.
      if (installing.state === 'redundant' && registration?.active === null) say(sentence, 'warning');
    });
  } catch (error) {
    // Private windows of some browsers refuse every service worker; nobody expects them to keep anything.
    if (error instanceof DOMException && error.name === 'SecurityError')
      console.warn('The page will need a network next time:', error);
    else say(sentence, 'warning');
  }
}
