import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from '../core/failure.ts';
import { noFaults, watchDevice, type FaultWatch } from './fault-watch.ts';

/** A device that fails when the test tells it to. */
class FakeDevice extends EventTarget {
  lose: (info: { message: string }) => void = () => {};
  readonly lost = new Promise<{ message: string }>((resolve) => (this.lose = resolve));

  fault(error: object): void {
    this.dispatchEvent(Object.assign(new Event('uncapturederror'), { error }));
  }
}

class FakeOutOfMemoryError {
  readonly message = 'no room';
}

let device: FakeDevice;
let watch: FaultWatch;
beforeEach(() => {
  vi.stubGlobal('GPUOutOfMemoryError', FakeOutOfMemoryError);
  device = new FakeDevice();
  watch = watchDevice(device as unknown as GPUDevice);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function failureNow(): unknown {
  try {
    watch.check();
    return null;
  } catch (error) {
    return failureOf(error);
  }
}

describe('a device that is watched', () => {
  test('has no fault until one comes', () => {
    expect(failureNow()).toBeNull();
  });

  test.each([
    [
      'a validation error, by its first line',
      { message: 'Binding size is larger than the limit.\n - While encoding' },
      { code: 'gpu-error', message: 'Binding size is larger than the limit.' },
    ],
    [
      'an error that is long, cut short',
      { message: 'x'.repeat(5000) },
      { code: 'gpu-error', message: 'x'.repeat(200) },
    ],
    ['memory that ends', new FakeOutOfMemoryError(), { code: 'out-of-memory', tokens: null }],
  ])('tells of %s, from then on', async (_, error, failure) => {
    device.fault(error);
    expect(failureNow()).toEqual(failure);
    expect(failureNow()).toEqual(failure);
    expect(await watch.race(new Promise(() => {})).catch(failureOf)).toEqual(failure);
  });

  test('tells of its loss', async () => {
    device.lose({ message: 'the driver was reset' });
    const failure = { code: 'device-lost', message: 'the driver was reset' };
    expect(await watch.race(new Promise(() => {})).catch(failureOf)).toEqual(failure);
    expect(failureNow()).toEqual(failure);
  });

  test('keeps to its first fault', async () => {
    device.fault({ message: 'the first' });
    device.fault({ message: 'the second' });
    device.lose({ message: 'and the loss that follows' });
    await device.lost;
    expect(failureNow()).toEqual({ code: 'gpu-error', message: 'the first' });
  });

  test('ends a wait that would never end', async () => {
    const hanging = watch.race(new Promise<never>(() => {}));
    device.fault({ message: 'a shader error' });
    await expect(hanging).rejects.toThrow('gpu-error');
  });

  test('tells of a fault that comes after what was read, and waits for it', async () => {
    setTimeout(() => device.fault({ message: 'a shader error' }), 0);
    await expect(watch.settle()).rejects.toThrow('gpu-error');
  });

  test('lets work that ends by itself end so', async () => {
    expect(await watch.race(Promise.resolve(7))).toBe(7);
    await expect(watch.race(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  });
});

test('a back end whose errors all throw has none to watch for', async () => {
  expect(() => noFaults.check()).not.toThrow();
  await expect(noFaults.settle()).resolves.toBeUndefined();
});
