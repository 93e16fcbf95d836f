/** What the host of the app does; the server of the checks does it. */

export interface AppHost {
  readonly network: 'on' | 'off';
  /** As it was built; the version after it; or that one's page alone, as in the midst of an upload. */
  readonly version: 'built' | 'next' | 'page-first';
  /** A script that runs before all others of the page; and one before each of its workers' own. */
  readonly beforePage: string;
  readonly beforeWorkers: string;
}

export const usualHost: AppHost = { network: 'on', version: 'built', beforePage: '', beforeWorkers: '' };

/** From now on; what is not said is as usual. */
export async function setHost(change: Partial<AppHost> = {}): Promise<void> {
  await fetch('/checks/host', { method: 'POST', body: JSON.stringify({ ...usualHost, ...change }) });
}

/** What the host was asked for since the last change and does not have. */
export const missingFiles = async (): Promise<readonly string[]> =>
  (await (await fetch('/checks/host')).json()) as readonly string[];

/** As before the first visit: nothing of the page is kept. */
export async function forgetPage(): Promise<void> {
  for (const registration of await navigator.serviceWorker.getRegistrations())
    await registration.unregister();
  for (const name of await keptVersions()) await caches.delete(name);
}

/** What was written into the browser's files. */
export async function forgetFiles(): Promise<void> {
  // Typed as always there; WebKitGTK has none.
  const storage = navigator.storage as Partial<StorageManager> | undefined;
  const root = await storage?.getDirectory?.().catch(() => null);
  for (const name of ['models', 'runs'])
    await root?.removeEntry(name, { recursive: true }).catch(() => undefined);
}

/** The caches of the page's versions. */
export const keptVersions = async (): Promise<readonly string[]> =>
  (await caches.keys()).filter((name) => name.startsWith('dinoscope-page-'));
