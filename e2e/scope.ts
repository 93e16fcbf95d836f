/** The page from a user's view: names for what the tests do and read. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embeddedModelId } from '../src/core/embedded-model.ts';
import { expect, test as base, type Locator, type Page } from 'playwright/test';
import { makeScriptsFolder, ToolScripts } from '../src/testing/tool-scripts.ts';
import { KeptProfile, usualContext } from './kept-profile.ts';

export const samplePath = (id: string): string =>
  fileURLToPath(new URL(`../public/samples/${id}.jpg`, import.meta.url));

/** The embedded model as its own file describes it, so that the tests work with any embedded model. */
export const embedded = describeEmbedded();

/** The input side in px for this many of the embedded model's patches. Tests use few, so that a photograph is fast everywhere. */
export const sideOf = (patches: number): number => patches * embedded.patchSize;

interface EmbeddedModel {
  readonly id: string;
  readonly title: string;
  readonly depth: number;
  readonly numHeads: number;
  readonly patchSize: number;
}

function describeEmbedded(): EmbeddedModel {
  const file = new URL(`../public/models/${embeddedModelId}/model.json`, import.meta.url);
  const { id, title, architecture } = JSON.parse(readFileSync(file, 'utf8')).userDefinedMetadata.dinoscope;
  const { depth, numHeads, patchSize } = architecture;
  return { id, title, depth, numHeads, patchSize };
}

/** The layer over the photograph that takes clicks on patches. */
export const picker = (page: Page): Locator => page.locator('.patch-picker');

/** Clicks the middle of a patch; rows and columns are counted as on the page. */
export async function clickPatch(
  page: Page,
  [row, column]: readonly [number, number],
  [rows, columns]: readonly [number, number],
  how: 'click' | 'tap' = 'click',
): Promise<void> {
  const box = await placeOf(picker(page));
  const position = { x: ((column - 0.5) / columns) * box.width, y: ((row - 0.5) / rows) * box.height };
  await picker(page)[how]({ position });
}

/** The place of an element in px, once it has been the same for ten frames: the page may lay itself out a few frames later. */
export const placeOf = (element: Locator) =>
  element.evaluate(async (node) => {
    const read = () => {
      const { x, y, width, height } = node.getBoundingClientRect();
      return { x, y, width, height };
    };
    let place = read();
    for (let same = 0; same < 10;) {
      await new Promise(requestAnimationFrame);
      if (!node.isConnected) throw new Error('the page put another element in its place');
      const now = read();
      same = JSON.stringify(now) === JSON.stringify(place) ? same + 1 : 0;
      place = now;
    }
    return place;
  });

/** A start on WebGPU without a graphics card takes ten seconds, and so does a pass; on a busy machine twenty times as long. */
const engineMs = 250_000;

/** What is to be read on the page: a sentence that is also announced to screen readers stands twice for a moment. */
export const written = (page: Page, text: string | RegExp): Locator =>
  page.getByText(text).and(page.locator(':not([data-announcer] *)'));

type Layer = 'photo' | 'overlay';

interface Place {
  readonly x: number;
  readonly y: number;
}

/** What these canvases show now. Equal strings are equal pictures. */
const readPictures = (canvases: Locator): Promise<string[]> =>
  canvases.evaluateAll((all) => all.map((canvas) => (canvas as HTMLCanvasElement).toDataURL()));

/** What these canvases show once all of them are painted and none changes any more. */
export async function picturesOf(canvases: Locator): Promise<string[]> {
  let pictures: string[] = [];
  await expect(async () => {
    const painted = await canvases.evaluateAll((all) =>
      all.map((canvas) => canvas.hasAttribute('data-painted')),
    );
    expect(painted).not.toContain(false);
    pictures = await readPictures(canvases);
    await canvases.page().waitForTimeout(300);
    expect(await readPictures(canvases)).toEqual(pictures);
  }).toPass({ timeout: 100_000 });
  return pictures;
}

class Scope {
  readonly page: Page;
  readonly stage: Locator;
  readonly overlay: Locator;
  readonly frames: Locator;
  readonly messages: Locator;

  constructor(page: Page) {
    this.page = page;
    this.stage = page.getByRole('region', { name: 'Photograph' });
    this.overlay = this.stage.locator('canvas[data-layer=overlay]');
    this.frames = page.getByRole('region', { name: 'Film strip' }).getByRole('listitem');
    this.messages = page.getByRole('status');
  }

  /** Inputs are small by default, so that a photograph is fast even on a software adapter. */
  async open(query = `backend=wasm&side=${sideOf(20)}`): Promise<void> {
    await this.page.goto(`./?${query}`);
  }

  async isReady(): Promise<void> {
    await expect(this.page.locator('[data-engine-status=ready]')).toBeVisible({ timeout: engineMs });
  }

  /** Drops files or folders of this machine in the middle of the page, by the browser's own drag and drop. */
  async drop(...files: string[]): Promise<void> {
    const devtools = await this.page.context().newCDPSession(this.page);
    const { width, height } = this.page.viewportSize() ?? { width: 800, height: 600 };
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, x: width / 2, y: height / 2, data });
    await devtools.detach();
  }

  /** Drops something that is not a file, such as a link or text. */
  async dropData(mimeType: string, data: string): Promise<void> {
    const devtools = await this.page.context().newCDPSession(this.page);
    const { width, height } = this.page.viewportSize() ?? { width: 800, height: 600 };
    const dragged = { items: [{ mimeType, data }], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, x: width / 2, y: height / 2, data: dragged });
    await devtools.detach();
  }

  /** Adds a sample from the dialog, which can be opened at any time. */
  async addSample(title: RegExp): Promise<void> {
    await this.page.getByRole('button', { name: 'Sample photographs' }).click();
    await this.page.getByRole('dialog').getByRole('button', { name: title }).click();
  }

  /** The frame of the photograph with this name. */
  frame(name: string): Locator {
    return this.frames.filter({
      has: this.page.getByRole('radio', { name: new RegExp(`^${name.replaceAll('.', '\\.')}:`) }),
    });
  }

  async allSettled(count: number): Promise<void> {
    await expect(this.frames).toHaveCount(count);
    const open = this.page.locator('.frame[data-status=queued], .frame[data-status=running]');
    await expect(open).toHaveCount(0, { timeout: engineMs });
  }

  async select(name: string): Promise<void> {
    await this.frame(name).locator('.frame-label').click();
  }

  async showView(name: 'All heads' | 'Mean' | `Head ${number}`): Promise<void> {
    await this.page.getByRole('radio', { name, exact: true }).check();
  }

  async choose(name: string): Promise<void> {
    await this.page.getByRole('radio', { name, exact: true }).check();
  }

  /** Its lists of models and runs are read when somebody is about to open it. */
  async compareWith(label: string | RegExp): Promise<void> {
    const field = this.page.getByRole('combobox', { name: 'Compare with' });
    await field.focus();
    const option = field.getByRole('option', { name: label, exact: typeof label === 'string' });
    await field.selectOption(await option.getAttribute('value'));
    // Letters would choose other options.
    await field.blur();
  }

  async setRange(name: string, value: number): Promise<void> {
    await this.page.getByRole('slider', { name }).fill(String(value));
  }

  /** A value from the details by its term. The details may be folded. */
  fact(term: string): Locator {
    return this.page
      .getByRole('region', { name: 'Details' })
      .locator('dt', { hasText: term })
      .locator('xpath=following-sibling::dd[1]');
  }

  /** The stage's overlay as it is now drawn. Equal strings are equal pictures. */
  async overlayPicture(): Promise<string> {
    await this.nextFrame();
    return this.overlay.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  }

  /** What the small photographs of the strip show, once each is there. They are painted when there is nothing else to paint. */
  async smallPictures(): Promise<string[]> {
    const canvases = this.page.getByRole('region', { name: 'Film strip' }).locator('canvas');
    // A frame is painted empty before its photograph is decoded.
    const countEmpty = (): Promise<number> =>
      canvases.evaluateAll((all) => {
        const isEmpty = (canvas: HTMLCanvasElement): boolean => {
          const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
          context?.drawImage(canvas, 0, 0, 1, 1);
          return context?.getImageData(0, 0, 1, 1).data[3] === 0;
        };
        return (all as HTMLCanvasElement[]).filter(isEmpty).length;
      });
    await expect.poll(countEmpty).toBe(0);
    return picturesOf(canvases);
  }

  /** The saved file's bytes as text. Its size is that of the photograph and does not depend on the window. */
  async savedPicture(): Promise<string> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('button', { name: 'Save picture' }).click(),
    ]);
    return (await readFile(await download.path())).toString('base64');
  }

  /** Red values of a stage layer. The places are shares of its width and height. */
  async reds(layer: Layer, places: readonly Place[]): Promise<number[]> {
    return this.channel(layer, places, 0);
  }

  async alphas(layer: Layer, places: readonly Place[]): Promise<number[]> {
    return this.channel(layer, places, 3);
  }

  /** Red, green and blue, each either dark (0) or light (1). For pictures of plain colours. */
  async plainColours(layer: Layer, places: readonly Place[]): Promise<string[]> {
    const channels: number[][] = [];
    for (const channel of [0, 1, 2]) channels.push(await this.channel(layer, places, channel));
    return places.map((_, i) => channels.map((values) => ((values[i] ?? NaN) > 127 ? 1 : 0)).join(''));
  }

  private async channel(layer: Layer, places: readonly Place[], channel: number): Promise<number[]> {
    await this.nextFrame();
    return this.stage.locator(`canvas[data-layer=${layer}]`).evaluate(
      (canvas: HTMLCanvasElement, wanted) => {
        const { height, width } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
        if (copy === null) throw new Error('no 2D context');
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, width, height);
        const offsetOf = ({ x, y }: Place): number =>
          4 * (Math.floor(y * height) * width + Math.floor(x * width));
        return wanted.places.map((place) => data[offsetOf(place) + wanted.channel] ?? NaN);
      },
      { places, channel },
    );
  }

  /** A change is painted in the next frame. This waits one more, until it is on the screen. */
  private async nextFrame(): Promise<void> {
    await this.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
  }
}

interface Fixtures {
  scope: Scope;
  /** A folder of this test's own. `write` puts a file into it and returns its path. */
  folder: {
    readonly path: string;
    write(name: string, bytes: Uint8Array | string): Promise<string>;
    remove(name: string): Promise<void>;
  };
  /** Every unexpected error that the page logged. The test fails if there is one. */
  faults: string[];
  /** Whether the page may know from the tests before which kernel is fastest; false where a test is about the timing. */
  keepsTimings: boolean;
  /** Whether the test's context has other settings than the shared profile, and is one of its own. */
  isUnusual: boolean;
}

interface WorkerFixtures {
  profile: KeptProfile;
  /** The project's commands. */
  tools: ToolScripts;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  keepsTimings: [true, { option: true }],
  profile: [
    async ({}, use, { project }) => {
      const { baseURL = '', launchOptions = {} } = project.use;
      const profile = await KeptProfile.open({ baseURL, launchOptions });
      await use(profile);
      await profile.close();
    },
    { scope: 'worker', timeout: 200_000 },
  ],
  tools: [
    async ({}, use) => {
      const tools = new ToolScripts(await makeScriptsFolder());
      await use(tools);
      await tools.remove();
    },
    { scope: 'worker' },
  ],
  /** Another setting than the usual: what a test's context must have been opened with, as touch, a language, service workers. */
  isUnusual: async (
    {
      acceptDownloads,
      bypassCSP,
      colorScheme,
      deviceScaleFactor,
      extraHTTPHeaders,
      geolocation,
      hasTouch,
      httpCredentials,
      ignoreHTTPSErrors,
      isMobile,
      javaScriptEnabled,
      locale,
      offline,
      permissions,
      serviceWorkers,
      storageState,
      timezoneId,
      userAgent,
    },
    use,
  ) => {
    const asked: Record<keyof typeof usualContext, unknown> = {
      acceptDownloads,
      bypassCSP,
      colorScheme,
      deviceScaleFactor,
      extraHTTPHeaders,
      geolocation,
      hasTouch,
      httpCredentials,
      ignoreHTTPSErrors,
      isMobile,
      javaScriptEnabled,
      locale,
      offline,
      permissions,
      serviceWorkers,
      storageState,
      timezoneId,
      userAgent,
    };
    await use(
      Object.entries(usualContext).some(([name, usual]) => asked[name as keyof typeof asked] !== usual),
    );
  },
  context: async ({ browser, profile, keepsTimings, isUnusual, actionTimeout }, use) => {
    if (isUnusual) {
      const own = await browser.newContext();
      await use(own);
      await own.close();
      return;
    }
    await profile.clear(keepsTimings);
    profile.context.setDefaultTimeout(actionTimeout ?? 0);
    await use(profile.context);
    await profile.leave(keepsTimings);
  },
  page: async ({ context, viewport, reducedMotion }, use) => {
    const page = await context.newPage();
    // A tab of the test before that closes late may bring another one to the front, and a tab behind it draws no frames.
    await page.bringToFront();
    if (viewport !== null) await page.setViewportSize(viewport);
    await page.emulateMedia({ reducedMotion: reducedMotion ?? null });
    await use(page);
  },
  faults: [
    async ({ page }, use) => {
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
  scope: async ({ page }, use) => use(new Scope(page)),
  folder: async ({}, use) => {
    const path = await mkdtemp(join(tmpdir(), 'dinoscope-e2e-'));
    await use({
      path,
      write: async (name, bytes) => {
        await writeFile(join(path, name), bytes);
        return join(path, name);
      },
      remove: (name) => rm(join(path, name)),
    });
    await rm(path, { recursive: true, force: true });
  },
});

export { expect };
