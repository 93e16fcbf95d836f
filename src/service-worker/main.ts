/**
 * Keeps the page for the next visit, so that it opens without a network, and adds the headers that a static host cannot set:
 * isolation (threads for wasm) and a policy that limits requests to other hosts.
 *
 * An older version is kept as long as a tab uses it. The tab still needs the scripts of its version whenever a worker restarts, and
 * the host has only those of the new version.
 *
 * Pages come from the network if there is one, so that they are up to date. Files in models/ do too, since models can be added to a
 * built page. All other files have a hash in their name or change with the version, and come from the cache.
 */
import { isMissingOnHost } from '../core/script-gone.ts';
import { takeOverMessage } from '../core/take-over.ts';

declare const __FILES__: readonly string[];
declare const __VERSION__: string;
declare const __HEADERS__: Readonly<Record<string, string>>;

const scope = globalThis as unknown as ServiceWorkerGlobalScope;
/** Time to wait for a page; after it the kept page opens. Networks in lecture halls often accept a request and never answer. */
const pageTimeoutMs = 4000;

const cachePrefix = 'dinoscope-page-';
const cacheName = `${cachePrefix}${__VERSION__}`;
/** For each older version, the tabs that were open when a newer one took its place. Only these may need it. */
const tabsCacheName = 'dinoscope-tabs';

/** A key for the Cache API, which needs an address. It is never fetched. */
const tabsOf = (name: string): URL => new URL(`tabs/${name}`, scope.registration.scope);

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(__FILES__.map((file) => new Request(file, { cache: 'no-cache' })));
  await scope.skipWaiting();
}

/** The newest first. */
const otherVersions = async (): Promise<string[]> =>
  (await caches.keys()).filter((name) => name.startsWith(cachePrefix) && name !== cacheName).toReversed();

async function openTabs(): Promise<string[]> {
  const tabs = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return tabs.filter(({ url }) => url.startsWith(scope.registration.scope)).map(({ id }) => id);
}

async function removeUnused(): Promise<void> {
  const records = await caches.open(tabsCacheName);
  const open = new Set(await openTabs());
  for (const name of await otherVersions()) {
    const record = await records.match(tabsOf(name));
    // Without a record it is a newer version that is being installed.
    if (record === undefined) continue;
    const tabs = (await record.json()) as string[];
    if (tabs.some((tab) => open.has(tab))) continue;
    await caches.delete(name);
    await records.delete(tabsOf(name));
  }
}

async function activate(): Promise<void> {
  const records = await caches.open(tabsCacheName);
  const open = await openTabs();
  // This version may have been recorded as an older one before.
  await records.delete(tabsOf(cacheName));
  for (const name of await otherVersions())
    if ((await records.match(tabsOf(name))) === undefined)
      await records.put(tabsOf(name), Response.json(open));
  await removeUnused();
}

/** So often it is asked whether this version is active, ms. */
const stateMs = 50;

/**
 * Serves the pages that are open, once this version is active. While it is being activated, Firefox lets requests of claimed pages
 * fail, and a reload hang for a minute.
 */
async function claim(): Promise<void> {
  while (scope.registration.active?.state !== 'activated')
    await new Promise((resolve) => setTimeout(resolve, stateMs));
  // Refused where a newer version has become the active one meanwhile, which serves them.
  await scope.clients.claim().catch(() => undefined);
}

/**
 * The same response with the page's headers; an opaque response from another host is not changed. Its body is read to the end first. A
 * browser may end this service worker once a response is given, as when another version takes over, and whoever reads a body that is
 * then cut off may take it for a whole one.
 * @throws where the connection breaks before the end
 */
async function withHeaders(response: Response): Promise<Response> {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(__HEADERS__)) headers.set(name, value);
  const { status, statusText } = response;
  // A status such as 204 forbids even an empty body.
  const body = response.body === null ? null : await response.arrayBuffer();
  return new Response(body, { status, statusText, headers });
}

/** Ignores `Vary`. Otherwise, if a server varies by origin, the kept copy of a module script would not be found. */
const find = (request: Request | URL | string, name: string): Promise<Response | undefined> =>
  caches.match(request, { cacheName: name, ignoreSearch: true, ignoreVary: true });

/** A kept response of this version, else of an older one. */
async function findKept(request: Request | URL | string): Promise<Response | undefined> {
  let kept = await find(request, cacheName);
  if (kept !== undefined) return kept;
  for (const name of await otherVersions()) kept ??= await find(request, name);
  return kept;
}

/**
 * Whether the host has the page's first scripts. While it is being updated it may have the new page but not yet its scripts, and the
 * page would stay blank.
 * @param page from the host @param kept of this version, whose scripts are kept too
 */
async function isWhole(page: Response, kept: Response, signal: AbortSignal): Promise<boolean> {
  const html = await page.text();
  if (html === (await kept.text())) return true;
  const scripts = [...html.matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(
    ([, path = '']) => new URL(path, scope.registration.scope),
  );
  const missing = await Promise.all(
    scripts.map(async (url) => (await findKept(url)) === undefined && (await isMissingOnHost(url, signal))),
  );
  return !missing.includes(true);
}

async function answerPage(request: Request): Promise<Response> {
  const kept = await findKept('index.html');
  if (kept === undefined) return withHeaders(await fetch(request));
  const signal = AbortSignal.timeout(pageTimeoutMs);
  try {
    const fresh = await fetch(request, { signal });
    if (fresh.ok && (await isWhole(fresh.clone(), kept.clone(), signal))) return await withHeaders(fresh);
  } catch {
    // Without an answer from the network, use the kept page.
  }
  return withHeaders(kept);
}

const mayChange = ({ url }: Request): boolean =>
  url.startsWith(new URL('models/', scope.registration.scope).href);

async function answerFile(request: Request): Promise<Response> {
  const kept = await findKept(request);
  if (kept === undefined) return withHeaders(await fetch(request));
  if (!mayChange(request)) return withHeaders(kept);
  try {
    const fresh = await fetch(request, { signal: AbortSignal.timeout(pageTimeoutMs) });
    if (fresh.ok) return await withHeaders(fresh);
  } catch {
    // As for a page.
  }
  return withHeaders(kept);
}

/** False for another file that a tab may show, such as the licences. */
function asksPage({ mode, url }: Request): boolean {
  const path = new URL(url).pathname.slice(new URL(scope.registration.scope).pathname.length);
  return mode === 'navigate' && (path === 'index.html' || !__FILES__.includes(path));
}

scope.addEventListener('install', (event) => event.waitUntil(install()));
scope.addEventListener('activate', (event) => {
  const activated = activate();
  event.waitUntil(activated);
  void activated.then(claim);
});
scope.addEventListener('message', ({ data }) => {
  if (data === takeOverMessage) void scope.skipWaiting();
});
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).href.startsWith(scope.registration.scope);
  // Model files are kept by hash in another cache; their reader requests them with `no-store`.
  if (request.method !== 'GET' || !isOurs || request.cache === 'no-store') return;
  event.respondWith(asksPage(request) ? answerPage(request) : answerFile(request));
  // When a page starts its worker, it is open, and the previous page in the same tab is closed.
  if (request.destination === 'worker') event.waitUntil(removeUnused());
});
