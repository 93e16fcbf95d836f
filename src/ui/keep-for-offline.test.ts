import { afterEach, expect, test, vi } from 'vitest';
import { keepForOffline } from './keep-for-offline.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

class FakeWorker extends EventTarget {
  state = 'installing';
  readonly messages: unknown[] = [];
  postMessage(message: unknown): void {
    this.messages.push(message);
  }
  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  active: FakeWorker | null = null;
}

const registered = (parts: Partial<FakeRegistration> = {}): FakeRegistration =>
  Object.assign(new FakeRegistration(), parts);

/** @returns the messages that were shown */
async function keep(register: () => Promise<unknown>): Promise<string[]> {
  const said: string[] = [];
  await keepForOffline({ register } as unknown as ServiceWorkerContainer, (text) => said.push(text));
  return said;
}

test('a service worker that cannot install is told', async () => {
  const installing = new FakeWorker();
  const said = await keep(() => Promise.resolve(registered({ installing })));
  expect(said).toEqual([]);
  installing.become('redundant');
  expect(said).toEqual([expect.stringContaining('the next visit needs a network')]);
});

test('one that installs says nothing, nor one that gives way to the version before', async () => {
  const first = new FakeWorker();
  const registration = registered({ installing: first });
  const said = await keep(() => Promise.resolve(registration));
  first.become('installed');
  registration.active = first;
  first.become('activated');
  const second = new FakeWorker();
  const saidLater = await keep(() => Promise.resolve(registered({ installing: second, active: first })));
  second.become('redundant');
  expect([...said, ...saidLater]).toEqual([]);
});

test.each(['found at once', 'found later', 'waiting already'])(
  'a version that waits is asked to take over until it has: %s',
  async (when) => {
    vi.useFakeTimers();
    const worker = new FakeWorker();
    const registration = registered();
    if (when === 'found at once') registration.installing = worker;
    if (when === 'waiting already') {
      worker.become('installed');
      registration.waiting = worker;
    }
    await keep(() => Promise.resolve(registration));
    if (when === 'found later') {
      registration.installing = worker;
      registration.dispatchEvent(new Event('updatefound'));
    }
    if (when !== 'waiting already') {
      vi.advanceTimersByTime(10_000);
      expect(worker.messages).toEqual([]);
      worker.become('installed');
    }
    vi.advanceTimersByTime(5000);
    expect(worker.messages).toEqual(['take over', 'take over']);
    worker.become('activating');
    vi.advanceTimersByTime(60_000);
    expect(worker.messages).toHaveLength(2);
  },
);

test('a script that cannot be had is told; a private window and a browser that blocks it are not', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  expect(await keep(() => Promise.reject(new TypeError('no script')))).toHaveLength(1);
  expect(await keep(() => Promise.reject(new DOMException('', 'SecurityError')))).toEqual([]);
  expect(await keep(() => Promise.resolve(undefined))).toEqual([]);
});
