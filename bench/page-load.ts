/**
 * npm run bench -- page: times the built page from its opening to the first overlay. The cache is empty, the model is the embedded
 * one, and a sample photograph is clicked as soon as it is there. Bytes are counted at the server.
 */
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright';
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

async function visit(browser: Browser, { address, traffic }: Site): Promise<Visit> {
  // A new context has an empty cache. The service worker is blocked, since it fetches all files for later.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  traffic.bytes = 0;
  traffic.requests = 0;
  const cpuStart = await readCpuMs(browser);
  const start = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  await page.getByRole('button', { name: 'Butterfly' }).click();
  await page.locator('.stage[data-status=done]').waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  const overlayMs = performance.now() - start;
  const cpuMs = (await readCpuMs(browser)) - cpuStart;
  const seen = { overlayMs, cpuMs, bytes: traffic.bytes, requests: traffic.requests };
  await context.close();
  return seen;
}

function tableRow({ name, visits }: { readonly name: string; readonly visits: readonly Visit[] }): string {
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

/** @param against another installed checkout of this repository, whose page is visited in turn with ours; null for none */
export async function timePage(rounds: number, against: string | null, note: string): Promise<Report> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('there is no Chrome or Chromium (CHROME_PATH names one)');
  const sites = [await openSite('this page', fileURLToPath(new URL('..', import.meta.url)))];
  if (against !== null) sites.push(await openSite('another checkout', against));
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const results = sites.map(({ name }) => ({ name, visits: [] as Visit[] }));
  for (let round = 0; round < rounds; round++)
    for (const [i, site] of sites.entries()) results[i]?.visits.push(await visit(browser, site));
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
      '| | visits, empty cache | to the first overlay, ms | least, ms | processor time, ms | kilobytes from the server | requests |',
      '|---|---|---|---|---|---|---|',
      ...results.map(tableRow),
      '',
      'Medians, the visits in turn. From the request for the page, from this machine, to the first frame with the embedded model’s attention over a sample photograph; no compression on the way, no service worker.',
      '',
    ].join('\n'),
  };
}
