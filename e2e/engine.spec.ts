import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright/test';
import { mainThreadTasks } from '../tools/main-thread-tasks.ts';
import { beforeWorker, loseDevices, rememberDevices } from './before-worker.ts';
import { clickPatch, embedded, expect, placeOf, samplePath, sideOf, test } from './scope.ts';

test('a software adapter is not chosen by itself; why is one line of the page, in no dialog, and gone for good once it is dismissed', async ({
  scope,
  page,
}) => {
  const note = page.getByText('No graphics card: slower, same results.');
  await scope.open(`side=${sideOf(12)}`);
  await scope.isReady();
  await expect(page.locator('[data-backend=wasm]')).toBeVisible();
  await expect(page.getByText(/^No graphics card: slower, same results\.$/)).toBeVisible();
  await page.keyboard.press('m');
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(note).toHaveCount(1);
  await expect(page.getByRole('dialog').locator('.message')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  const { height } = await placeOf(page.locator('.message'));
  expect(height).toBeLessThanOrEqual(48);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(note).toHaveCount(0);
  await expect
    .poll(() => page.evaluate(() => JSON.stringify(Object.entries(localStorage))))
    .toContain('slower');
  await page.reload();
  await scope.isReady();
  await expect(note).toHaveCount(0);
});

test('without WebGPU the page says so and runs on wasm', async ({ scope, page }) => {
  await beforeWorker(page, "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined });");
  await scope.open(`side=${sideOf(12)}`);
  await scope.isReady();
  await expect(page.getByText(/No WebGPU in this browser|No graphics card/)).toBeVisible();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
});

/** Longer than the page waits for a message from the engine. */
const silenceMs = 61_000;

test('a graphics driver that never answers is given up for the next back end, and the page says so', async ({
  scope,
  page,
}) => {
  await page.clock.install();
  await beforeWorker(
    page,
    `Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
    GPUAdapter.prototype.requestDevice = () => {
      globalThis.wasAsked = true;
      return new Promise(() => {});
    };`,
  );
  await scope.open(`side=${sideOf(12)}`);
  const wasAsked = async (): Promise<boolean | undefined> =>
    page.workers()[0]?.evaluate(() => (globalThis as unknown as { wasAsked?: boolean }).wasAsked);
  await expect.poll(wasAsked).toBe(true);
  await page.clock.fastForward(silenceMs);
  await scope.isReady();
  await expect(page.locator('[data-backend=wasm]')).toBeVisible();
  await expect(page.locator('.message', { hasText: /webgpu .* did not answer in time/ })).toBeVisible();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
});

test('a worker that never says a word is replaced, and the page says so', async ({ scope, page }) => {
  await page.clock.install();
  await beforeWorker(page, 'await new Promise(() => {});', 1);
  await scope.open(`backend=wasm&side=${sideOf(12)}`);
  await expect.poll(() => page.workers().length).toBe(1);
  await page.clock.fastForward(silenceMs);
  await expect(page.locator('.message', { hasText: /did not answer in time. Another one/ })).toBeVisible();
  await scope.isReady();
});

/** From when `spoil` is set no shader gets its buffers. tfjs continues and reads back what the last buffer contained. */
const spoiling = `
  globalThis.spoil = false;
  const createBindGroup = GPUDevice.prototype.createBindGroup;
  GPUDevice.prototype.createBindGroup = function (descriptor) {
    return createBindGroup.call(this, globalThis.spoil ? { ...descriptor, entries: [] } : descriptor);
  };`;

const graphicsLost = { hasText: /graphics device was lost.*starts again/ };

test('WebGPU runs where it is asked for, and says so; a lost device is replaced: parameters are loaded again, the photograph runs again, the others stay', async ({
  scope,
  page,
}) => {
  await beforeWorker(page, rememberDevices);
  await scope.open(`backend=webgpu&side=${sideOf(12)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await expect(scope.fact('Runs on')).toContainText('WebGPU');
  await expect(scope.fact('Tokens')).toHaveText('97');
  await expect(page.locator('[data-backend=webgpu]')).toBeVisible();

  const before = page.workers().length;
  expect(before).toBe(1);
  expect(await loseDevices(page)).toBe(1);
  await scope.drop(samplePath('dog'));
  await expect(page.locator('.message', graphicsLost)).toBeVisible();
  await scope.allSettled(2);
  await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'done');
  await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'done');
  await expect(page.locator('.message', { hasText: /runs again on WebGPU/ })).toBeVisible();

  await test.step('a patch that is asked after the device was lost has the photograph run again, and its map comes', async () => {
    await page.getByRole('button', { name: 'Remove dog.jpg' }).click();
    for (const message of await page.locator('.message', { hasText: /graphics device was lost/ }).all())
      await message.getByRole('button', { name: 'Dismiss' }).click();
    await expect(page.locator('.message', graphicsLost)).toHaveCount(0);
    await clickPatch(page, [3, 7], [8, 12]);
    await expect(scope.stage).toContainText('What patch (row 3, column 7) looks at.');
    await scope.showView('Head 1');
    const caption = /What patch \(row 3, column 7\) looks at\. Head 1: 60\s% of its attention lies on \d+ of/;
    const [answer = ''] = caption.exec((await scope.stage.textContent()) ?? '') ?? [];
    expect(answer).not.toBe('');
    await clickPatch(page, [3, 7], [8, 12]);
    await expect(scope.stage).not.toContainText('What patch');
    expect(await loseDevices(page)).toBe(1);
    // An earlier answer is kept and needs no new request.
    await clickPatch(page, [3, 7], [8, 12]);
    await expect(scope.stage).toContainText(answer);
    await clickPatch(page, [5, 9], [8, 12]);
    await expect(page.locator('.message', graphicsLost)).toBeVisible();
    await expect(scope.stage).toContainText('What patch (row 5, column 9) looks at. Head 1: 60 %', {
      timeout: 200_000,
    });
    await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'done');
  });
});

// In one test, since a software device compiles for seconds at each start.
test('a device lost in the middle of a photograph runs it again; an error that the GPU does not throw is never shown as a picture', async ({
  scope,
  page,
}) => {
  await beforeWorker(page, rememberDevices + spoiling);
  await scope.open(`backend=webgpu&side=${sideOf(28)}`);
  await scope.isReady();

  await test.step('a device lost in the middle of a photograph runs it again', async () => {
    await scope.drop(samplePath('cat'));
    await expect(
      scope.stage.getByText(new RegExp(`^Block [2-${embedded.depth}] of ${embedded.depth}$`)),
    ).toBeVisible();
    expect(await loseDevices(page)).toBe(1);
    await expect(page.locator('.message', graphicsLost)).toBeVisible();
    await scope.choose(`${sideOf(10)}`);
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
  });

  await test.step('an error that the GPU does not throw is never shown as a picture', async () => {
    await page.workers()[0]?.evaluate(() => {
      (globalThis as unknown as { spoil: boolean }).spoil = true;
    });
    await scope.drop(samplePath('fruit'));
    await expect(page.locator('.message', { hasText: /graphics driver refused an operation/ })).toBeVisible();
    // The new worker's shaders get their buffers again.
    await scope.allSettled(2);
    await scope.select('fruit.jpg');
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
  });
});

test('a back end that computes wrong numbers is refused', async ({ scope, page }) => {
  await beforeWorker(
    page,
    `const createShaderModule = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function (descriptor) {
      return createShaderModule.call(this, { ...descriptor, code: descriptor.code.replaceAll('inverseSqrt(', 'sqrt(').replaceAll('exp(', 'exp2(') });
    };`,
  );
  await scope.open(`backend=webgpu&side=${sideOf(12)}`);
  await expect(page.getByRole('alert')).toContainText(/webgpu back end computes wrong numbers/);
  await scope.drop(samplePath('cat'));
  await page.getByRole('button', { name: 'Use WebAssembly instead' }).click();
  await scope.allSettled(1);
  await expect(scope.fact('Runs on')).toContainText('WebAssembly');
});

test('where wasm itself does not start, plain JavaScript is offered, and wasm is not', async ({
  scope,
  page,
}) => {
  await beforeWorker(
    page,
    "WebAssembly.instantiate = WebAssembly.instantiateStreaming = () => Promise.reject(new Error('no wasm today'));",
  );
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await expect(page.getByRole('alert')).toContainText(
    /wasm back end cannot run here: WebAssembly did not start/,
  );
  await expect(page.getByRole('button', { name: 'Use WebAssembly instead' })).toHaveCount(0);
  await scope.drop(samplePath('cat'));
  await page.getByRole('button', { name: 'Use JavaScript instead' }).click();
  await scope.allSettled(1);
  await expect(scope.fact('Runs on')).toContainText('JavaScript');
});

/** Memory runs out when the first photograph comes. */
const memoryEnds = `
  const createBuffer = GPUDevice.prototype.createBuffer;
  let full = false;
  addEventListener('message', ({ data }) => {
    if (data.method === 'look') full = true;
  });
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (full)
      this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: new GPUOutOfMemoryError('no memory') }));
    return createBuffer.call(this, descriptor);
  };`;

test('memory that runs out is said, and the photograph runs again in a fresh engine', async ({
  scope,
  page,
}) => {
  await beforeWorker(page, memoryEnds, 1);
  await scope.open(`backend=webgpu&side=${sideOf(12)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await expect(page.locator('.message', { hasText: /not enough memory for 97 tokens/ })).toBeVisible();
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
});

test('memory that runs out twice over one photograph is said with advice; the others run', async ({
  scope,
  page,
}) => {
  await beforeWorker(page, memoryEnds, 2);
  await scope.open(`backend=webgpu&side=${sideOf(12)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  await expect(scope.frame('cat.jpg').getByRole('radio')).toHaveAccessibleName(
    /not enough memory for 97 tokens. Choose a smaller input size/,
  );
  await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'done');
});

test.describe('a first visit', () => {
  test.use({ keepsTimings: false });

  test('wasm runs in threads where the page is isolated and there are cores; how many is timed once and remembered', async ({
    scope,
    page,
  }) => {
    await beforeWorker(
      page,
      `Object.defineProperty(WorkerNavigator.prototype, 'hardwareConcurrency', { value: 8 });
      globalThis.startedFrom = [];
      globalThis.Worker = class extends Worker {
        constructor(address, options) {
          super(address, options);
          globalThis.startedFrom.push(String(address));
        }
      };`,
    );
    /** The stored result of the timing. */
    const kept = () =>
      page.evaluate(async () => {
        const cache = await caches.open('dinoscope-kernels');
        const [entry] = (await cache.keys()).filter(({ url }) => url.includes('threads'));
        return entry === undefined
          ? null
          : ((await (await cache.match(entry))?.json()) as { threads: number });
      });
    const device = page.locator('.engine-line-backend');
    await scope.open(`backend=wasm&side=${sideOf(12)}`);
    await scope.isReady();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const { threads = NaN } = (await kept()) ?? {};
    expect([1, 2, 4]).toContain(threads);
    await expect(device).toHaveAttribute('title', new RegExp(`SIMD, ${threads} threads?$`));
    // Two workers come from blobs, for any number of cores: tfjs's own, and the one that tests whether threads start.
    const startedFrom = await page
      .workers()[0]
      ?.evaluate(() => (globalThis as unknown as { startedFrom: string[] }).startedFrom);
    expect(startedFrom?.filter((address) => address.startsWith('blob:'))).toHaveLength(2);

    // The next visit uses the stored number, whatever it is.
    await page.evaluate(async () => {
      const cache = await caches.open('dinoscope-kernels');
      const [entry] = (await cache.keys()).filter(({ url }) => url.includes('threads'));
      if (entry !== undefined) await cache.put(entry, Response.json({ threads: 3 }));
    });
    await page.reload();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    await expect(device).toHaveAttribute('title', /SIMD, 3 threads$/);
  });
});

/** Longer than the page waits for an answer to a cancel. */
const cancelMs = 10_001;

test('a cancel that a long block does not hear ends in a quiet new start', async ({ scope, page }) => {
  await page.clock.install();
  // In plain JavaScript one block at 640 px takes seconds, and hears nothing meanwhile.
  await scope.open(`backend=cpu&side=${sideOf(80)}`);
  await scope.isReady();
  await scope.drop(samplePath('dog'));
  await expect(scope.stage.getByText(`Block 1 of ${embedded.depth}`, { exact: true })).toBeVisible();
  await scope.choose(`${sideOf(10)}`);
  await page.clock.fastForward(cancelMs);
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await expect(page.locator('.message[data-tone=warning]')).toHaveCount(0);
});

/**
 * @returns how many times longer the main thread takes for a fixed piece of work than on the machine for which the bar of 100 ms was set (a
 * core of an AMD EPYC 7003 without other work: 22 ms); at least 1. The least of several counts, since other processes come between.
 */
async function slownessOf(page: Page): Promise<number> {
  const ms = await page.evaluate(() => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({
      name: `row ${(i * 7919) % 20_000}`,
      at: [i, 1 / i],
    }));
    const times = Array.from({ length: 7 }, () => {
      const start = performance.now();
      (JSON.parse(JSON.stringify(rows)) as typeof rows).sort((a, b) => (a.name < b.name ? -1 : 1));
      return performance.now() - start;
    });
    return Math.min(...times);
  });
  return Math.max(1, ms / 22);
}

/**
 * No task of the main thread exceeds 100 ms while `work` is done. A machine shared with others has moments in which everything takes longer:
 * where a task exceeds the bar, all is done `anew` and counted again, twice at most. A page that stops for its photographs does so each time.
 */
async function expectShortTasks(
  page: Page,
  title: string,
  work: () => Promise<void>,
  anew: () => Promise<void>,
): Promise<void> {
  for (let triesLeft = 2; ; triesLeft--) {
    const slowness = await slownessOf(page);
    const tasks = await mainThreadTasks(page, work);
    expect(tasks.length, title).toBeGreaterThan(20);
    const [longest = 0] = tasks;
    if (longest <= 100 * slowness) return;
    console.log(
      `${title}: a task of ${longest.toFixed(0)} ms, on a machine ${slowness.toFixed(1)} times slower`,
    );
    expect(triesLeft, `${title}: tasks over 100 ms, three times in turn`).toBeGreaterThan(0);
    await anew();
  }
}

test('no task of the main thread exceeds 100 ms while the model runs', async ({ scope, page }) => {
  const open = async (): Promise<void> => {
    await scope.open(`backend=wasm&side=${sideOf(40)}`);
    await scope.isReady();
  };
  const lookAtThree = async (): Promise<void> => {
    await scope.drop(samplePath('cat'), samplePath('dog'), samplePath('raccoon'));
    await scope.allSettled(3);
    for (const share of [20, 80]) await scope.setRange('Attention kept', share);
  };
  await open();
  await expectShortTasks(page, 'three photographs', lookAtThree, open);
});

test('no task of the main thread exceeds 100 ms in any other lens', async ({ scope, page }) => {
  const open = async (): Promise<void> => {
    await scope.open(`backend=wasm&side=${sideOf(20)}`);
    await scope.drop(samplePath('cat'), samplePath('dog'), samplePath('raccoon'));
    await scope.allSettled(3);
  };
  await open();
  const others = page.getByRole('group', { name: 'Lens' }).getByRole('radio', { checked: false });
  const titles = (await others.evaluateAll((all) => all.map((each) => each.ariaLabel ?? ''))).map(
    (label) => label.split(':')[0] ?? '',
  );
  expect(titles.length).toBeGreaterThan(5);
  for (const title of titles) {
    const lookThroughLens = async (): Promise<void> => {
      await page.getByRole('radio', { name: new RegExp(`^${title}`) }).check();
      await expect(scope.stage.getByLabel(`${title}: `).first()).toBeVisible();
      await scope.allSettled(3);
      await scope.setRange('Opacity', 40);
      await scope.setRange('Opacity', 90);
    };
    await expectShortTasks(page, title, lookThroughLens, open);
  }
});

test('photographs never leave the machine', async ({ scope, page, folder }) => {
  const requests: string[] = [];
  page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
  await scope.open();
  await scope.drop(await folder.write('private.jpg', await readFile(samplePath('cat'))));
  await scope.allSettled(1);
  const allowed = /^GET (http:\/\/localhost:\d+\/|blob:http:\/\/localhost:\d+\/)/;
  expect(requests.filter((request) => !allowed.test(request))).toEqual([]);
});

test('a bug in drawing takes away a part of the page, and no photograph', async ({ scope, page, faults }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await page.evaluate(() => {
    const { round } = Math;
    Math.round = () => {
      throw new Error('a bug of this test');
    };
    addEventListener('keydown', ({ key }) => {
      if (key === 'F9') Math.round = round;
    });
  });
  await page.keyboard.press('e');
  await page.keyboard.press('k');
  const alert = page.getByRole('alert').filter({ hasText: 'could not be drawn (a bug of this test)' });
  await expect(alert).toBeVisible();
  await page.keyboard.press('F9');
  await alert.getByRole('button', { name: 'Draw it again' }).click();
  await expect(alert).toBeHidden();
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await expect(scope.frames).toHaveCount(1);
  expect(faults.length).toBeGreaterThan(0);
  expect(faults.every((fault) => fault.includes('a bug of this test'))).toBe(true);
  faults.length = 0;
});
