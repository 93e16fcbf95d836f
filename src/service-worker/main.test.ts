/** The service worker in a scope that is played here: what a browser does only now and then can be had at will. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const home = 'https://page.test/sub/';
const version = 'v2';
const ownCache = `dinoscope-page-${version}`;

type Kept = Map<string, Response>;

/** Caches by name, as `CacheStorage` has them, with what the worker asks of them. */
let kept: Map<string, Kept>;
let state: 'activating' | 'activated';
let claim: ReturnType<typeof vi.fn<() => Promise<void>>>;
let network: (url: string, signal?: AbortSignal | null) => Promise<Response>;
/** Ids of the tabs that are open. */
let tabs: string[];
/** How each file that is installed was asked for. */
let installedBy: RequestCache[];
let listeners: Map<string, (event: object) => void>;

/** As a key: a path within the page's folder becomes its whole address, without a search. */
function addressOf(request: Request | URL | string): string {
  const { origin, pathname } = new URL(request instanceof Request ? request.url : request, home);
  return origin + pathname;
}

function cacheOf(name: string): Kept {
  const there = kept.get(name) ?? new Map<string, Response>();
  kept.set(name, there);
  return there;
}

const cacheFor = (entries: Kept) => ({
  addAll: async (requests: readonly Request[]) => {
    for (const request of requests) {
      installedBy.push(request.cache);
      entries.set(addressOf(request), await network(request.url));
    }
  },
  match: (request: Request | URL | string) => Promise.resolve(entries.get(addressOf(request))?.clone()),
  put: (request: URL, response: Response) => Promise.resolve(void entries.set(addressOf(request), response)),
  delete: (request: URL) => Promise.resolve(entries.delete(addressOf(request))),
});

const caches = {
  open: (name: string) => Promise.resolve(cacheFor(cacheOf(name))),
  keys: () => Promise.resolve([...kept.keys()]),
  match: (request: Request | URL | string, { cacheName }: { cacheName: string }) =>
    Promise.resolve(kept.get(cacheName)?.get(addressOf(request))?.clone()),
  delete: (name: string) => Promise.resolve(kept.delete(name)),
};

/** Node's `Request` takes whole addresses only. */
class RequestHere extends Request {
  constructor(url: string, init?: RequestInit) {
    super(new URL(url, home), init);
  }
}

beforeEach(async () => {
  vi.useFakeTimers();
  kept = new Map();
  state = 'activated';
  claim = vi.fn<() => Promise<void>>(() => Promise.resolve());
  network = () => Promise.reject(new TypeError('no network'));
  tabs = [];
  installedBy = [];
  listeners = new Map();
  const globals = {
    __FILES__: ['index.html', 'assets/page.js', 'licences.txt'],
    __VERSION__: version,
    __HEADERS__: { 'Cross-Origin-Opener-Policy': 'same-origin' },
    Request: RequestHere,
    caches,
    clients: {
      claim,
      matchAll: () => Promise.resolve(tabs.map((id) => ({ id, url: home }))),
    },
    registration: {
      scope: home,
      get active() {
        return { state };
      },
    },
    skipWaiting: () => Promise.resolve(),
    addEventListener: (type: string, listener: (event: object) => void) => listeners.set(type, listener),
    fetch: (request: Request | URL, init?: RequestInit) => network(addressOf(request), init?.signal),
  };
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  // The browser's own clock is not the test's.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const control = new AbortController();
    setTimeout(() => control.abort(), ms);
    return control.signal;
  });
  vi.resetModules();
  await import('./main.ts');
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Sends an event. @returns when what it waits for is done */
function send(type: 'install' | 'activate'): Promise<unknown> {
  const waits: Promise<unknown>[] = [];
  listeners.get(type)?.({ waitUntil: (work: Promise<unknown>) => waits.push(work) });
  return Promise.all(waits);
}

interface Asked {
  readonly mode?: string;
  readonly method?: string;
  readonly cache?: string;
}

/** @returns its answer; null where the request is left to the browser */
function ask(
  path: string,
  { mode = 'cors', method = 'GET', cache = 'default' }: Asked = {},
): Promise<Response> | null {
  let answer: Promise<Response> | null = null;
  const request = new RequestHere(path);
  for (const [name, value] of Object.entries({ mode, method, cache, destination: '' }))
    Object.defineProperty(request, name, { value });
  listeners.get('fetch')?.({
    request,
    respondWith: (given: Promise<Response>) => (answer = given),
    waitUntil: () => undefined,
  });
  return answer;
}

const textOf = async (answer: Promise<Response> | null): Promise<string | undefined> =>
  (await answer)?.text();

const keep = (name: string, path: string, text: string): void =>
  void cacheOf(name).set(addressOf(path), new Response(text));

test('open pages are served only once this version is active', async () => {
  state = 'activating';
  await send('activate');
  await vi.advanceTimersByTimeAsync(1000);
  expect(claim).not.toHaveBeenCalled();
  state = 'activated';
  await vi.advanceTimersByTimeAsync(100);
  expect(claim).toHaveBeenCalledOnce();
});

test('an answer is given only when its last byte has come, and one that breaks off is an error', async () => {
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  const begin = (): Promise<Response> =>
    Promise.resolve(new Response(new ReadableStream({ start: (controller) => void (body = controller) })));
  network = begin;
  let given = false;
  const whole = ask('models/tiny/model.json');
  void whole?.then(() => (given = true));
  await vi.advanceTimersByTimeAsync(100);
  body?.enqueue(new TextEncoder().encode('be'));
  await vi.advanceTimersByTimeAsync(100);
  expect(given).toBe(false);
  body?.enqueue(new TextEncoder().encode('gun'));
  body?.close();
  expect(await textOf(whole)).toBe('begun');
  expect((await whole)?.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');

  const broken = ask('models/tiny/model.json');
  const outcome = broken?.then(
    () => 'answered',
    () => 'failed',
  );
  await vi.advanceTimersByTimeAsync(100);
  body?.error(new TypeError('the connection broke'));
  expect(await outcome).toBe('failed');
});

test('a page comes from the network, and from what is kept where the network does not answer in four seconds', async () => {
  keep(ownCache, 'index.html', 'kept');
  network = () => Promise.resolve(new Response('fresh'));
  expect(await textOf(ask('', { mode: 'navigate' }))).toBe('fresh');
  network = () => Promise.reject(new TypeError('no network'));
  expect(await textOf(ask('?side=320', { mode: 'navigate' }))).toBe('kept');
  network = () => Promise.resolve(new Response('an error', { status: 503 }));
  expect(await textOf(ask('', { mode: 'navigate' }))).toBe('kept');
  network = (_, signal) =>
    new Promise((_resolve, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason as Error)),
    );
  const shown = vi.fn<(text: string | undefined) => void>();
  void textOf(ask('', { mode: 'navigate' })).then(shown);
  await vi.advanceTimersByTimeAsync(3900);
  expect(shown).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(shown).toHaveBeenCalledWith('kept');
});

test('a new page whose scripts the host does not have yet is not shown', async () => {
  keep(ownCache, 'index.html', 'kept');
  const page = '<script src="./assets/new.js"></script>';
  let status = 404;
  network = (url) =>
    Promise.resolve(url.endsWith('.js') ? new Response(null, { status }) : new Response(page));
  expect(await textOf(ask('', { mode: 'navigate' }))).toBe('kept');
  status = 200;
  expect(await textOf(ask('', { mode: 'navigate' }))).toBe(page);
});

test('a script of an older version is kept as long as a tab that was open then is', async () => {
  const older = 'dinoscope-page-v1';
  keep(older, 'assets/old.js', 'old');
  tabs = ['first', 'second'];
  await send('activate');
  tabs = ['second', 'third'];
  await send('activate');
  expect(await textOf(ask('assets/old.js'))).toBe('old');
  tabs = ['third'];
  await send('activate');
  expect([...kept.keys()]).not.toContain(older);
});

test('files with a hash in their name come from what is kept, models from the network first', async () => {
  for (const path of ['assets/page.js', 'models/list.json']) keep(ownCache, path, 'kept');
  network = () => Promise.resolve(new Response('fresh'));
  expect(await textOf(ask('assets/page.js'))).toBe('kept');
  expect(await textOf(ask('models/list.json'))).toBe('fresh');
  network = () => Promise.reject(new TypeError('no network'));
  expect(await textOf(ask('models/list.json'))).toBe('kept');
});

test.each([
  ['of another host', 'https://other.test/x', {}],
  ['that sends something', 'assets/page.js', { method: 'POST' }],
  ['past all caches', 'models/tiny/a.bin', { cache: 'no-store' }],
])('a request %s is left to the browser', (_, path, asked) => {
  expect(ask(path, asked)).toBeNull();
});

test('what is installed are the files of the build, with the host asked for each', async () => {
  const seen: string[] = [];
  network = (url) => {
    seen.push(url);
    return Promise.resolve(new Response('file'));
  };
  await send('install');
  expect(seen).toEqual([`${home}index.html`, `${home}assets/page.js`, `${home}licences.txt`]);
  expect([...cacheOf(ownCache).keys()]).toEqual(seen);
  // The browser's own cache may have one of the version before.
  expect(installedBy).toEqual(seen.map(() => 'no-cache'));
});
