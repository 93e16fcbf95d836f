/**
 * npm run bench -- gathering: has the built page take photographs of one megapixel into a collection, by folders, with the embedded model on
 * wasm. Counts photographs a second, where the worker's time goes, the tab's memory on the way, and the longest task of the main thread.
 */
import { copyFile, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright';
import sharp from 'sharp';
import type { GatherTimes } from '../src/rpc/recognise-contract.ts';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';
import { mainThreadTasks } from '../tools/main-thread-tasks.ts';
import { readCpuMs } from './read-cpu.ts';
import { describeProcessor, type Report } from './report.ts';
import { openSite, type Site } from './site.ts';

const widthPx = 1152;
const heightPx = 896;
const samples = ['cat', 'dog', 'butterfly', 'raccoon', 'coffee'];

/** Parts of the work after which memory is measured. */
const memoryShares = [0.1, 0.25, 0.5, 0.75, 1];

/** A trace of the whole run would not fit: of its beginning, when the folder is dropped, and of its end, when all is voted on. */
const tracedMs = 15_000;

/** In the page: what the worker says of its time when it is done. */
const rememberTimes = `
  const Plain = Worker;
  globalThis.Worker = class extends Plain {
    constructor(...request) {
      super(...request);
      this.addEventListener('message', ({ data }) => {
        if (data.method !== 'gatherFeatures') return;
        if (data.kind === 'progress' && data.progress.stage === 'begun') globalThis.gatherBegan ??= performance.now();
        if (data.kind !== 'done') return;
        // The page hands thousands over in parts.
        const before = globalThis.gatherTimes ?? {};
        globalThis.gatherTimes = Object.fromEntries(
          Object.entries(data.result.spent).map(([name, ms]) => [name, ms + (before[name] ?? 0)]),
        );
        globalThis.gatherMs = performance.now() - globalThis.gatherBegan;
      });
    }
  };
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration);
  }).observe({ type: 'longtask' });`;

interface Gathering {
  readonly photographs: number;
  /** From the first photograph to the last one: measuring memory takes time of its own. */
  readonly allMs: number;
  readonly cpuMs: number;
  readonly times: GatherTimes;
  /** From the page's state before the files were chosen on. */
  readonly memoryBytes: readonly { readonly done: number; readonly bytes: number }[];
  /** Of the main thread, its own time, in the traced parts. */
  readonly longestTaskMs: number;
  /** Of the main thread in the whole run, on the wall's clock: other programs on the machine are in it. */
  readonly longTasks: readonly number[];
}

/** So many are made. The page knows a photograph by its path, so further names for the same files are further photographs, and take no room. */
const distinctPhotographs = 500;

/** Each another part of a sample and somewhat lighter, a folder for each sample. */
async function writePhotographs(folder: string, count: number): Promise<void> {
  const nameOf = (at: number): string => join(folder, samples[at % samples.length] as string, `${at}.jpg`);
  const sources = await Promise.all(
    samples.map((sample) =>
      sharp(fileURLToPath(new URL(`../public/samples/${sample}.jpg`, import.meta.url)))
        .resize(widthPx + 256, heightPx + 256, { fit: 'cover' })
        .raw()
        .toBuffer({ resolveWithObject: true }),
    ),
  );
  for (const sample of samples) await mkdir(join(folder, sample), { recursive: true });
  for (let at = 0; at < Math.min(count, distinctPhotographs); at++) {
    const { data, info } = sources[at % samples.length] as (typeof sources)[number];
    const turn = Math.floor(at / samples.length);
    const file = await sharp(data, { raw: info })
      .extract({ left: (turn * 37) % 256, top: (turn * 101) % 256, width: widthPx, height: heightPx })
      .linear(1, turn % 40)
      .jpeg({ quality: 85 })
      .toBuffer();
    await writeFile(nameOf(at), file);
  }
  for (let at = distinctPhotographs; at < count; at++) {
    const file = nameOf(at % distinctPhotographs);
    await link(file, nameOf(at)).catch(() => copyFile(file, nameOf(at)));
  }
}

/** As a person does it: the page reads the folder itself. */
async function drop(page: Page, folder: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
  await devtools.detach();
}

const tabBytes = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { measureUserAgentSpecificMemory: measure } = performance as Performance & {
      measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
    };
    return (await measure.call(performance)).bytes;
  });

async function gather(
  browser: Browser,
  { address }: Site,
  folder: string,
  photographs: number,
): Promise<Gathering> {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.addInitScript({ content: rememberTimes });
  await page.goto(new URL('?backend=wasm#recognise', address).href);
  await page.locator('[data-engine-status=ready]').waitFor();
  await page.locator('.recognise').waitFor();
  const memoryBytes = [{ done: 0, bytes: await tabBytes(page) }];
  const cpuStart = await readCpuMs(browser);
  /** The grid counts them as they come. */
  const has = (count: number): Promise<unknown> =>
    page.waitForFunction(
      (wanted) =>
        parseInt(document.querySelector('.grid-head')?.textContent?.replace(/\D/, '') ?? '', 10) >= wanted,
      count,
      { timeout: 0, polling: 500 },
    );
  const first = await mainThreadTasks(page, async () => {
    await drop(page, folder);
    await page.waitForTimeout(tracedMs);
  });
  for (const share of memoryShares) {
    const wanted = Math.round(share * photographs);
    await has(wanted);
    const bytes = share < 1 ? await tabBytes(page) : null;
    if (bytes !== null) memoryBytes.push({ done: wanted, bytes });
    const memory = bytes === null ? '' : `, ${(bytes / 1e6).toFixed(0)} MB`;
    console.log(`${wanted} of ${photographs} photographs${memory}`);
  }
  await page.locator('.gathering').waitFor({ state: 'detached', timeout: 0 });
  const cpuMs = (await readCpuMs(browser)) - cpuStart;
  const last = await mainThreadTasks(page, () =>
    page.locator('.accuracy-number[aria-busy=false]').waitFor({ timeout: 0 }),
  );
  memoryBytes.push({ done: photographs, bytes: await tabBytes(page) });
  const { times, allMs, longTasks } = await page.evaluate(() => {
    const seen = globalThis as unknown as { gatherTimes: GatherTimes; gatherMs: number; longTasks: number[] };
    return { times: seen.gatherTimes, allMs: seen.gatherMs, longTasks: seen.longTasks };
  });
  await context.close();
  return {
    photographs,
    allMs,
    cpuMs,
    times,
    memoryBytes,
    longestTaskMs: Math.max(first[0] ?? 0, last[0] ?? 0),
    longTasks,
  };
}

function tableOf({
  photographs,
  allMs,
  cpuMs,
  times,
  longestTaskMs,
  longTasks,
  memoryBytes,
}: Gathering): string[] {
  const each = (ms: number): string => (ms / photographs).toFixed(1);
  return [
    '| photographs | a second | processor time each, ms | longest task of the main thread, ms | tasks above 50 ms on the clock, the longest |',
    '|---|---|---|---|---|',
    `| ${photographs} | ${((1000 * photographs) / allMs).toFixed(1)} | ${each(cpuMs)} | ${longestTaskMs.toFixed(0)} | ${longTasks.length}, ${Math.max(0, ...longTasks).toFixed(0)} ms |`,
    '',
    'Where the worker’s time goes, ms a photograph:',
    '',
    '| waits for a decoded photograph | features | keeps it | small picture, beside the rest |',
    '|---|---|---|---|',
    `| ${each(times.decodeMs)} | ${each(times.featuresMs)} | ${each(times.storeMs)} | ${each(times.thumbnailMs)} |`,
    '',
    'Memory of the tab and its workers after a garbage collection:',
    '',
    `| photographs | ${memoryBytes.map(({ done }) => done).join(' | ')} |`,
    `|---|${memoryBytes.map(() => '---|').join('')}`,
    `| MB | ${memoryBytes.map(({ bytes }) => (bytes / 1e6).toFixed(0)).join(' | ')} |`,
  ];
}

/** @param photographs how many are made and gathered */
export async function timeGathering(photographs: number, note: string): Promise<Report> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('there is no Chrome or Chromium (CHROME_PATH names one)');
  const folder = await mkdtemp(join(tmpdir(), 'dinoscope-bench-gathering-'));
  await writePhotographs(folder, photographs);
  const site = await openSite('this page', fileURLToPath(new URL('..', import.meta.url)));
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const gathering = await gather(browser, site, folder, photographs);
  const title = `${photographs} photographs of ${((widthPx * heightPx) / 1e6).toFixed(1)} megapixels into a collection, Chromium ${browser.version()}`;
  await browser.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
  const processor = describeProcessor();
  return {
    name: 'gathering-chromium',
    json: `${JSON.stringify({ date: new Date().toISOString(), processor, note, title, gathering }, null, 2)}\n`,
    markdown: [
      `# ${title}`,
      '',
      `${new Date().toISOString().slice(0, 10)}. Processor: ${processor}.${note === '' ? '' : ` ${note}`}`,
      '',
      ...tableOf(gathering),
      '',
      'Embedded model on wasm, last block, official framing at 224 px; five folders in one that was dropped, each a class; more than 500 photographs are the same 500 files by other names. From the first photograph until the last one is kept. Processor time: of all the browser’s processes. Longest task: the thread’s own time, from the dropping on for 15 s and while all is voted on at the end; on the clock: in the whole run, other programs’ time with it.',
      '',
    ].join('\n'),
  };
}
