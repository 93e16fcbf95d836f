/**
 * Keeps the page for the next visit, so that it opens in a lecture hall with no network, and adds the headers that a static
 * host cannot: isolation (threads for wasm) and a policy that lets nothing out.
 *
 * Pages come from the network where there is one, so that nobody sees yesterday's version, and so does what lies in models/:
 * models are added to a page that is built. Everything else has a hash in its name or changes with the version, and comes
 * from the cache.
 */
declare const __FILES__: readonly string[];
declare const __VERSION__: string;
declare const __HEADERS__: Readonly<Record<string, string>>;

const scope = globalThis as unknown as ServiceWorkerGlobalScope;
/** A lecture hall's network often takes a request and never answers: so long a page is waited for, then the kept one opens. */
const pagePatienceMs = 4000;

const cacheName = `dinoscope-page-${__VERSION__}`;

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(__FILES__.map((file) => new Request(file, { cache: 'no-cache' })));
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter(
    (name) => name.startsWith('dinoscope-page-') && name !== cacheName,
  );
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

/** The same answer with the page's headers; an opaque answer from elsewhere stays as it is. */
function withHeaders(response: Response): Response {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(__HEADERS__)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

const mayChange = ({ mode, url }: Request): boolean =>
  mode === 'navigate' || url.startsWith(new URL('models/', scope.registration.scope).href);

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  // Servers that vary by origin would otherwise hide a module script from its own kept copy.
  const kept = await cache.match(request.mode === 'navigate' ? 'index.html' : request, {
    ignoreSearch: true,
    ignoreVary: true,
  });
  if (kept === undefined) return withHeaders(await fetch(request));
  if (!mayChange(request)) return withHeaders(kept);
  try {
    const fresh = await fetch(request, { signal: AbortSignal.timeout(pagePatienceMs) });
    if (fresh.ok) return withHeaders(fresh);
  } catch {
    // No network, or none that answers: what was kept.
  }
  return withHeaders(kept);
}

scope.addEventListener('install', (event) => event.waitUntil(install()));
scope.addEventListener('activate', (event) => event.waitUntil(activate()));
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).href.startsWith(scope.registration.scope);
  // Model files are kept by hash elsewhere; `no-store` is how their reader says so.
  if (request.method === 'GET' && isOurs && request.cache !== 'no-store') event.respondWith(answer(request));
});
