/** The page's message to the service worker of a new version that waits. Nothing is imported here, since the service worker needs it too. */
export const takeOverMessage = 'take over';
