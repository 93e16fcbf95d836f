/** Runs scripts in the engine's worker and reaches its GPU device, which the page itself cannot do. */
import type { Page } from 'playwright/test';

/** Runs `script` before the worker's own script. There is no other way to reach a device that the worker keeps private. */
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

/** Keeps all devices that the worker opens in `devices`. */
export const rememberDevices = `
  globalThis.devices = [];
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    globalThis.devices.push(device);
    return device;
  };`;

/** Loses every device of the engine's worker, as a restarting driver does. Needs `rememberDevices`. @returns how many there were */
export const loseDevices = async (page: Page): Promise<number | undefined> =>
  page.workers()[0]?.evaluate(() => {
    const { devices } = globalThis as unknown as { devices: GPUDevice[] };
    for (const device of devices) device.destroy();
    return devices.length;
  });
