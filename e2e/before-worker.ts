/** What a page cannot reach by itself: the world of the engine's worker, and the device in it. */
import type { Page } from 'playwright/test';

/** Runs before the worker's own script: the one way to reach a device that the worker keeps to itself. */
export async function beforeWorker(
  page: Page,
  script: string,
  times = 100,
  worker: 'engine' | 'model' = 'engine',
): Promise<void> {
  await page.route(
    `**/assets/${worker}-worker-*.js`,
    async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${script}\n${await response.text()}` });
    },
    { times },
  );
}

/** All devices that the worker opens, as `devices`. */
export const rememberDevices = `
  globalThis.devices = [];
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    globalThis.devices.push(device);
    return device;
  };`;

/** Every device of the engine's worker is lost, as when a driver starts anew; needs `rememberDevices`. @returns how many there were */
export const loseDevices = async (page: Page): Promise<number | undefined> =>
  page.workers()[0]?.evaluate(() => {
    const { devices } = globalThis as unknown as { devices: GPUDevice[] };
    for (const device of devices) device.destroy();
    return devices.length;
  });
