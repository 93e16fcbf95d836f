/**
 * npm run bench -- page: from the opening of the built page to the first overlay, with an empty cache, the embedded model and a
 * sample photograph that is clicked as soon as it is there. Bytes are counted where they leave the server.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright';
import { build, preview, type Plugin } from 'vite';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';
import { median } from './race.ts';
import { describeProcessor, type Report } from './report.ts';

interface Visit {
  readonly overlayMs: number;
  readonly bytes: number;
  readonly requests: number;
}

interface Traffic {
  bytes: number;
  requests: number;
}

const countTraffic = (traffic: Traffic): Plugin => ({
  name: 'bench-count-traffic',
  configurePreviewServer: ({ middlewares }) => {
    middlewares.use((request, response, next) => {
      const before = request.socket.bytesWritten;
      traffic.requests++;
      response.on('finish', () => (traffic.bytes += request.socket.bytesWritten - before));
      next();
    });
  },
});

async function visit(browser: Browser, address: string, traffic: Traffic): Promise<Visit> {
  // A context of its own has an empty cache. Without the service worker, which fetches everything for later.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  traffic.bytes = 0;
  traffic.requests = 0;
  const start = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  await page.getByRole('button', { name: 'Butterfly' }).click();
  await page.locator('.stage[data-status=done]').waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  const overlayMs = performance.now() - start;
  const seen = { overlayMs, bytes: traffic.bytes, requests: traffic.requests };
  await context.close();
  return seen;
}

export async function timePage(rounds: number, note: string): Promise<Report> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('there is no Chrome or Chromium (CHROME_PATH names one)');
  const outDir = await mkdtemp(join(tmpdir(), 'dinoscope-bench-page-'));
  await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const traffic: Traffic = { bytes: 0, requests: 0 };
  const server = await preview({
    root,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 4397 },
    plugins: [countTraffic(traffic)],
  });
  const address = server.resolvedUrls?.local[0] ?? '';
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const visits: Visit[] = [];
  for (let round = 0; round < rounds; round++) visits.push(await visit(browser, address, traffic));
  const version = browser.version();
  await browser.close();
  await server.close();
  await rm(outDir, { recursive: true, force: true });
  const of = (value: (visit: Visit) => number): number => median(visits.map(value));
  const processor = describeProcessor();
  const title = `Page load, Chromium ${version}`;
  return {
    name: 'page-load-chromium',
    json: `${JSON.stringify({ date: new Date().toISOString(), processor, note, title, visits }, null, 2)}\n`,
    markdown: [
      `# ${title}`,
      '',
      `${new Date().toISOString().slice(0, 10)}. Processor: ${processor}.${note === '' ? '' : ` ${note}`}`,
      '',
      '| visits, empty cache | to the first overlay, ms | kilobytes from the server | requests |',
      '|---|---|---|---|',
      `| ${rounds} | ${of(({ overlayMs }) => overlayMs).toFixed(0)} | ${(of(({ bytes }) => bytes) / 1000).toFixed(0)} | ${of(({ requests }) => requests)} |`,
      '',
      'Medians. From the request for the page, from this machine, to the first frame with the embedded model’s attention over a sample photograph; no compression on the way, no service worker.',
      '',
    ].join('\n'),
  };
}
