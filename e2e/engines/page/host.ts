/** Controls the host of the app, which the server of the checks provides. */

export interface AppHost {
  readonly network: 'on' | 'off';
  /** The version as built, the next one, or only the next one's page, as in the middle of an upload. */
  readonly version: 'built' | 'next' | 'page-first';
  /** `beforePage` runs before all other scripts of the page, `beforeWorkers` before the script of each worker. */
  readonly beforePage: string;
  readonly beforeWorkers: string;
  /** How long the host waits before it sends a style sheet, ms. */
  readonly stylesLateMs: number;
}

export const usualHost: AppHost = {
  network: 'on',
  version: 'built',
  beforePage: '',
  beforeWorkers: '',
  stylesLateMs: 0,
};

/** Changes the host from now on. What `change` leaves out is reset to its usual value. */
export async function setHost(change: Partial<AppHost> = {}): Promise<void> {
  await fetch('/checks/host', { method: 'POST', body: JSON.stringify({ ...usualHost, ...change }) });
}

/** The files that were requested since the last change and that the host does not have. */
export const missingFiles = async (): Promise<readonly string[]> =>
  (await (await fetch('/checks/host')).json()) as readonly string[];

/** Deletes everything that the page has cached, as before the first visit. */
export async function forgetPage(): Promise<void> {
  for (const registration of await navigator.serviceWorker.getRegistrations())
    await registration.unregister();
  for (const name of await keptVersions()) await caches.delete(name);
}

/** Deletes the files that the page stored in the browser. */
export async function forgetFiles(): Promise<void> {
  // TypeScript declares this as always present, but WebKitGTK does not have it.
  const storage = navigator.storage as Partial<StorageManager> | undefined;
  const root = await storage?.getDirectory?.().catch(() => null);
  for (const name of ['models', 'runs'])
    await root?.removeEntry(name, { recursive: true }).catch(() => undefined);
}

/** The caches of the page's versions. */
export const keptVersions = async (): Promise<readonly string[]> =>
  (await caches.keys()).filter((name) => name.startsWith('dinoscope-page-'));
