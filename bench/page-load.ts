/**
 * npm run bench -- page: times the built page from its opening to the first overlay, at a first visit (with an empty cache and no
 * service worker) and at the next one (kept by its service worker). The model is the embedded one, and a sample photograph is clicked as
 * soon as it is there. Bytes are counted at the server.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';
import { median } from './race.ts';
import { readCpuMs } from './read-cpu.ts';
import { describeProcessor, type Report } from './report.ts';
import { openSite, type Site } from './site.ts';

interface Visit {
  readonly overlayMs: number;
  /** CPU time of all the browser's processes on all cores. Other jobs on the machine change it less than wall time. */
  readonly cpuMs: number;
  readonly bytes: number;
  readonly requests: number;
}

interface Visits {
  readonly name: string;
  readonly first: readonly Visit[];
  readonly next: readonly Visit[];
}

const restMs = 250;
/** CPU time in a rest that is as good as none, ms. */
const idleCpuMs = 15;
/** A browser that is never idle is not waited for longer than this. */
const mostRests = 40;

/** Waits until the browser is idle: for a new window Chromium loads parts of its own surface, which is no work of the page's. */
async function comeToRest(browser: Browser): Promise<void> {
  let before = await readCpuMs(browser);
  for (let rests = 0; rests < mostRests; rests++) {
    await pause(restMs);
    const now = await readCpuMs(browser);
    if (now - before < idleCpuMs) return;
    before = now;
  }
}

declare global {
  interface Window {
    /** When the frame with the result is drawn and the next one begins, in ms from the request for the page. */
    overlayMs?: Promise<number>;
  }
}

/** Notes the moment within the page: whoever asks from outside asks at intervals of up to half a second. */
const noteOverlay = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    window.overlayMs = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (document.querySelector('.stage[data-status=done]') === null) return;
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame((now) => resolve(now)));
      });
      observer.observe(document, { subtree: true, childList: true, attributeFilter: ['data-status'] });
    });
  });

async function visit(browser: Browser, page: Page, { address, traffic }: Site): Promise<Visit> {
  await noteOverlay(page);
  await comeToRest(browser);
  traffic.bytes = 0;
  traffic.requests = 0;
  const cpuStart = await readCpuMs(browser);
  await page.goto(address, { waitUntil: 'commit' });
  await page.getByRole('button', { name: 'Butterfly' }).click();
  await page.locator('.stage[data-status=done]').waitFor();
  const overlayMs = await page.evaluate(() => window.overlayMs);
  if (overlayMs === undefined) throw new Error('the page lost what was noted in it');
  const cpuMs = (await readCpuMs(browser)) - cpuStart;
  return { overlayMs, cpuMs, bytes: traffic.bytes, requests: traffic.requests };
}

async function firstVisit(browser: Browser, site: Site): Promise<Visit> {
  // A new context has an empty cache. The service worker is blocked, since it fetches all files for later.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const seen = await visit(browser, await context.newPage(), site);
  await context.close();
  return seen;
}

/** @returns a context in which the page was used and is kept by its service worker */
async function contextOfVisitor(browser: Browser, site: Site): Promise<BrowserContext> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await visit(browser, page, site);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.close();
  return context;
}

async function nextVisit(browser: Browser, site: Site): Promise<Visit> {
  const context = await contextOfVisitor(browser, site);
  const seen = await visit(browser, await context.newPage(), site);
  await context.close();
  return seen;
}

function tableRow(name: string, visits: readonly Visit[]): string {
  const of = (value: (visit: Visit) => number): number => median(visits.map(value));
  const numbers = [
    of(({ overlayMs }) => overlayMs),
    Math.min(...visits.map(({ overlayMs }) => overlayMs)),
    of(({ cpuMs }) => cpuMs),
    of(({ bytes }) => bytes) / 1000,
    of(({ requests }) => requests),
  ];
  return `| ${[name, visits.length, ...numbers.map((value) => value.toFixed(0))].join(' | ')} |`;
}

async function timeVisits(browser: Browser, sites: readonly Site[], rounds: number): Promise<Visits[]> {
  const results = sites.map((site) => ({ site, first: [] as Visit[], next: [] as Visit[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { site, first } of results) first.push(await firstVisit(browser, site));
    for (const { site, next } of results) next.push(await nextVisit(browser, site));
  }
  return results.map(({ site: { name }, first, next }) => ({ name, first, next }));
}

/** @param against another installed checkout of this repository, whose page is visited in turn with ours; null for none */
export async function timePage(rounds: number, against: string | null, note: string): Promise<Report> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('there is no Chrome or Chromium (CHROME_PATH names one)');
  const sites = [await openSite('this page', fileURLToPath(new URL('..', import.meta.url)))];
  if (against !== null) sites.push(await openSite('another checkout', against));
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const results = await timeVisits(browser, sites, rounds);
  const version = browser.version();
  await browser.close();
  for (const site of sites) await site.close();
  const processor = describeProcessor();
  const title = `Page load, Chromium ${version}`;
  return {
    name: 'page-load-chromium',
    json: `${JSON.stringify({ date: new Date().toISOString(), processor, note, title, results }, null, 2)}\n`,
    markdown: [
      `# ${title}`,
      '',
      `${new Date().toISOString().slice(0, 10)}. Processor: ${processor}.${note === '' ? '' : ` ${note}`}`,
      '',
      '| | visits | to the first overlay, ms | least, ms | processor time, ms | kilobytes from the server | requests |',
      '|---|---|---|---|---|---|---|',
      ...results.flatMap(({ name, first, next }) => [
        tableRow(`${name}, first visit`, first),
        tableRow(`${name}, next visit`, next),
      ]),
      '',
      'Medians, the pages in turn. From the request for the page, from this machine, to the first frame with the embedded model’s attention over a sample photograph; no compression on the way. First visit: an empty cache, no service worker. Next visit: another tab of a browser in which the page was used, and its service worker keeps it. Each begins when the browser is idle.',
      '',
    ].join('\n'),
  };
}
