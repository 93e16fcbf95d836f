/** Names of the locks (Web Locks) by which the windows of this page do not disturb each other's models, runs and collections. */

export const lockName = (name: string): string => `dinoscope-${name}`;

/** Held together by all windows that compute with a kept model; who deletes it wants it alone. */
export const inUseLockOf = (modelId: string): string => `model-used-${modelId}`;

/** Held by the window that trains the run. */
export const runLock = (runId: string): string => `run-${runId}`;

/** Held by the window that changes the collection. */
export const collectionLock = (collectionId: string): string => `collection-${collectionId}`;
