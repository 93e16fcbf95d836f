/**
 * One browser profile for all tests of a worker. A new one for each test would compile the page's scripts and its
 * WebAssembly each time, which takes twice as long as starting the page, and would time the kernels of WebGPU anew.
 * Before each test everything that a page keeps is cleared; the compiled code and, where a test allows it, the timings stay.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, type BrowserContext, type LaunchOptions, type Page } from 'playwright/test';

/** All but the cache of compiled code, see the DevTools protocol. */
const kept =
  'cookies,file_systems,indexeddb,local_storage,websql,service_workers,cache_storage,shared_storage,storage_buckets';

/** What is decided when a context is opened, as the profile has it (and Playwright, but for service workers). */
export const usualContext = {
  acceptDownloads: true,
  bypassCSP: false,
  colorScheme: 'light',
  deviceScaleFactor: undefined,
  extraHTTPHeaders: undefined,
  geolocation: undefined,
  hasTouch: false,
  httpCredentials: undefined,
  ignoreHTTPSErrors: false,
  isMobile: false,
  javaScriptEnabled: true,
  locale: 'en-US',
  offline: false,
  permissions: undefined,
  serviceWorkers: 'block',
  storageState: undefined,
  timezoneId: undefined,
  userAgent: undefined,
} as const;

/** Name and text of what the page remembers of its timings. */
type Timings = Readonly<Record<string, string>>;

const readTimings = (page: Page): Promise<Timings> =>
  page.evaluate(async () => {
    const cache = await caches.open('dinoscope-kernels');
    const entries = (await cache.keys()).map(async ({ url }) => [
      url,
      (await (await cache.match(url))?.text()) ?? '',
    ]);
    return Object.fromEntries(await Promise.all(entries)) as Timings;
  });

const writeTimings = (page: Page, timings: Timings): Promise<void> =>
  page.evaluate(async (all) => {
    const cache = await caches.open('dinoscope-kernels');
    for (const [url, text] of Object.entries(all)) await cache.put(url, new Response(text));
  }, timings);

const countFiles = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    let count = 0;
    for await (const _ of (await navigator.storage.getDirectory()).keys()) count++;
    return count;
  });

interface ProfileOptions {
  readonly baseURL: string;
  readonly launchOptions: LaunchOptions;
}

export class KeptProfile {
  readonly context: BrowserContext;
  private readonly folder: string;
  private readonly origin: string;
  /** An empty page of the same host, which stays open and reaches what the tests' pages keep. */
  private readonly keeper: Page;
  private timings: Timings = {};

  private constructor(context: BrowserContext, folder: string, origin: string, keeper: Page) {
    this.context = context;
    this.folder = folder;
    this.origin = origin;
    this.keeper = keeper;
  }

  static async open({ baseURL, launchOptions }: ProfileOptions): Promise<KeptProfile> {
    const folder = await mkdtemp(join(tmpdir(), 'dinoscope-profile-'));
    const context = await chromium.launchPersistentContext(folder, {
      ...launchOptions,
      // Playwright would take those of the worker's first test, which may be unusual, for all that follow.
      ...(usualContext as object),
      baseURL,
      viewport: { width: 1280, height: 800 },
    });
    const keeper = context.pages()[0] ?? (await context.newPage());
    await keeper.goto('./favicon.svg');
    return new KeptProfile(context, folder, new URL(baseURL).origin, keeper);
  }

  /** @param keepsTimings whether the page may know how fast which kernel is from the tests before */
  async clear(keepsTimings: boolean): Promise<void> {
    const devtools = await this.context.newCDPSession(this.keeper);
    // A worker of the page before may still hold a file for a moment.
    await expect(async () => {
      await devtools.send('Storage.clearDataForOrigin', { origin: this.origin, storageTypes: kept });
      expect(await countFiles(this.keeper)).toBe(0);
    }).toPass();
    await devtools.detach();
    if (keepsTimings) await writeTimings(this.keeper, this.timings);
  }

  /** Closes the test's pages and takes back what it changed in the browser. */
  async leave(keepsTimings: boolean): Promise<void> {
    for (const page of this.context.pages()) if (page !== this.keeper) await page.close();
    await this.context.unrouteAll({ behavior: 'ignoreErrors' });
    await this.context.setOffline(false);
    await this.context.clearPermissions();
    if (!keepsTimings) return;
    // What was begun and not finished (`attempts`) is no result.
    const finished = Object.entries(await readTimings(this.keeper)).filter(
      ([, text]) => !text.includes('attempts'),
    );
    // What a test has timed anew replaces what was there, else each test after it would time it too.
    this.timings = { ...this.timings, ...Object.fromEntries(finished) };
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
