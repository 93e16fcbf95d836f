/**
 * npm run bench -- queue: gives the built page several photographs of 1.5 megapixels at once. Times it from choosing the files until
 * the last one has its picture, with the embedded model on wasm.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright';
import sharp from 'sharp';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';
import { mainThreadTasks } from '../tools/main-thread-tasks.ts';
import { median } from './race.ts';
import { readCpuMs } from './read-cpu.ts';
import { describeProcessor, type Report } from './report.ts';
import { openSite, type Site } from './site.ts';

const photographs = 40;
const widthPx = 1500;
const heightPx = 1000;

interface Drop {
  readonly allMs: number;
  readonly cpuMs: number;
  /** CPU time of the main thread. Wall time would include other threads on the same core. */
  readonly longestTaskMs: number;
}

/** Writes samples, each somewhat lighter than the one before, so that no two files are equal. */
async function writePhotographs(folder: string): Promise<string[]> {
  const samples = ['cat', 'dog', 'butterfly', 'raccoon', 'coffee'];
  return Promise.all(
    Array.from({ length: photographs }, async (_, i) => {
      const path = join(folder, `photograph-${i}.jpg`);
      const sample = fileURLToPath(
        new URL(`../public/samples/${samples[i % samples.length]}.jpg`, import.meta.url),
      );
      const file = await sharp(sample)
        .resize(widthPx, heightPx, { fit: 'cover' })
        .linear(1, i)
        .jpeg({ quality: 90 })
        .toBuffer();
      await writeFile(path, file);
      return path;
    }),
  );
}

async function drop(browser: Browser, { address }: Site, files: readonly string[]): Promise<Drop> {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.goto(new URL('?backend=wasm', address).href);
  await page.locator('[data-engine-status=ready]').waitFor();
  let [allMs, cpuMs] = [0, 0];
  const tasks = await mainThreadTasks(page, async () => {
    const cpuStart = await readCpuMs(browser);
    const start = performance.now();
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([...files]);
    await page.waitForFunction(
      (count) => document.querySelectorAll('.frame[data-status=done]').length === count,
      files.length,
      // Looking once each frame, as is usual, would itself cause frames.
      { timeout: 300_000, polling: 100 },
    );
    allMs = performance.now() - start;
    cpuMs = (await readCpuMs(browser)) - cpuStart;
  });
  await context.close();
  return { allMs, cpuMs, longestTaskMs: tasks[0] ?? 0 };
}

function tableRow(name: string, drops: readonly Drop[]): string {
  const of = (value: (drop: Drop) => number): number => median(drops.map(value));
  const least = Math.min(...drops.map(({ allMs }) => allMs));
  return `| ${[
    name,
    drops.length,
    ((1000 * photographs) / of(({ allMs }) => allMs)).toFixed(1),
    ((1000 * photographs) / least).toFixed(1),
    (of(({ cpuMs }) => cpuMs) / photographs).toFixed(0),
    of(({ longestTaskMs }) => longestTaskMs).toFixed(0),
  ].join(' | ')} |`;
}

/** @param against another installed checkout of this repository, whose page takes the same files in turn with ours; null for none */
export async function timeQueue(rounds: number, against: string | null, note: string): Promise<Report> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('there is no Chrome or Chromium (CHROME_PATH names one)');
  const folder = await mkdtemp(join(tmpdir(), 'dinoscope-bench-queue-'));
  const files = await writePhotographs(folder);
  const sites = [await openSite('this page', fileURLToPath(new URL('..', import.meta.url)))];
  if (against !== null) sites.push(await openSite('another checkout', against));
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const results = sites.map((site) => ({ site, drops: [] as Drop[] }));
  for (let round = 0; round < rounds; round++)
    for (const { site, drops } of results) drops.push(await drop(browser, site, files));
  const version = browser.version();
  await browser.close();
  for (const site of sites) await site.close();
  await rm(folder, { recursive: true, force: true });
  const processor = describeProcessor();
  const title = `${photographs} photographs of ${(widthPx * heightPx) / 1e6} megapixels at once, Chromium ${version}`;
  const drops = results.map(({ site, drops: all }) => ({ name: site.name, drops: all }));
  return {
    name: 'queue-chromium',
    json: `${JSON.stringify({ date: new Date().toISOString(), processor, note, title, results: drops }, null, 2)}\n`,
    markdown: [
      `# ${title}`,
      '',
      `${new Date().toISOString().slice(0, 10)}. Processor: ${processor}.${note === '' ? '' : ` ${note}`}`,
      '',
      '| | times | photographs a second | at best | processor time a photograph, ms | longest task of the main thread, ms |',
      '|---|---|---|---|---|---|',
      ...drops.map(({ name, drops: all }) => tableRow(name, all)),
      '',
      'Medians, the pages in turn. Embedded model on wasm, its usual input size; from the choosing of the files until the last one has its picture. Processor time: of all the browser’s processes. Longest task: the thread’s own time.',
      '',
    ].join('\n'),
  };
}
