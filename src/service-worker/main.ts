/**
 * Keeps the page for the next visit, so that it opens in a lecture hall with no network, and adds the headers that a static
 * host cannot: isolation (threads for wasm) and a policy that lets nothing out.
 *
 * The version before stays as long as a tab has it: what a tab has loaded goes on needing its scripts, each of which may be asked for
 * again by a worker that starts anew, and the host has only those of the new version.
 *
 * Pages come from the network where there is one, so that nobody sees yesterday's version, and so does what lies in models/:
 * models are added to a page that is built. Everything else has a hash in its name or changes with the version, and comes
 * from the cache.
 */
import { isMissingOnHost } from '../core/script-gone.ts';

declare const __FILES__: readonly string[];
declare const __VERSION__: string;
declare const __HEADERS__: Readonly<Record<string, string>>;

const scope = globalThis as unknown as ServiceWorkerGlobalScope;
/** A lecture hall's network often takes a request and never answers: so long a page is waited for, then the kept one opens. */
const pageTimeoutMs = 4000;

const cachePrefix = 'dinoscope-page-';
const cacheName = `${cachePrefix}${__VERSION__}`;
/** For each older version, the tabs that were open when a newer one took its place. Only these may need it. */
const tabsCacheName = 'dinoscope-tabs';

/** Never fetched; the Cache API wants an address. */
const tabsOf = (name: string): URL => new URL(`tabs/${name}`, scope.registration.scope);

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(__FILES__.map((file) => new Request(file, { cache: 'no-cache' })));
  await scope.skipWaiting();
}

/** The latest first. */
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
    // None: a newer version is being installed.
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
  // This version may have been an older one before.
  await records.delete(tabsOf(cacheName));
  for (const name of await otherVersions())
    if ((await records.match(tabsOf(name))) === undefined)
      await records.put(tabsOf(name), Response.json(open));
  await removeUnused();
  await scope.clients.claim();
}

/** The same answer with the page's headers; an opaque answer from elsewhere stays as it is. */
function withHeaders(response: Response): Response {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(__HEADERS__)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** Servers that vary by origin would otherwise hide a module script from its own kept copy. */
const find = (request: Request | URL | string, name: string): Promise<Response | undefined> =>
  caches.match(request, { cacheName: name, ignoreSearch: true, ignoreVary: true });

/** Of this version, else of one before. */
async function findKept(request: Request | URL | string): Promise<Response | undefined> {
  let kept = await find(request, cacheName);
  if (kept !== undefined) return kept;
  for (const name of await otherVersions()) kept ??= await find(request, name);
  return kept;
}

/**
 * A host that is being updated may have the new page and not yet the scripts that it begins with: it would stay blank.
 * @param page from the host @param kept of this version, whose scripts are kept, too
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
    if (fresh.ok && (await isWhole(fresh.clone(), kept.clone(), signal))) return withHeaders(fresh);
  } catch {
    // No network, or none that answers: what was kept.
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
    if (fresh.ok) return withHeaders(fresh);
  } catch {
    // As for a page.
  }
  return withHeaders(kept);
}

/** A tab may show one of the page's files, such as the licences: it is not the page. */
function asksPage({ mode, url }: Request): boolean {
  const path = new URL(url).pathname.slice(new URL(scope.registration.scope).pathname.length);
  return mode === 'navigate' && (path === 'index.html' || !__FILES__.includes(path));
}

scope.addEventListener('install', (event) => event.waitUntil(install()));
scope.addEventListener('activate', (event) => event.waitUntil(activate()));
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).href.startsWith(scope.registration.scope);
  // Model files are kept by hash elsewhere; `no-store` is how their reader says so.
  if (request.method !== 'GET' || !isOurs || request.cache === 'no-store') return;
  event.respondWith(asksPage(request) ? answerPage(request) : answerFile(request));
  // A page that starts its worker is there, and the one before it in the same tab is gone.
  if (request.destination === 'worker') event.waitUntil(removeUnused());
});
