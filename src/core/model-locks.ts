/** Names of the locks (Web Locks) by which the windows of this page let each other's models be. */

export const lockName = (name: string): string => `dinoscope-${name}`;

/** Held together by all windows that compute with a kept model; who deletes it wants it alone. */
export const inUseLockOf = (modelId: string): string => `model-used-${modelId}`;
