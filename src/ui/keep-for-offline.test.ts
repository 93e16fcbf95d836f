import { afterEach, expect, test, vi } from 'vitest';
import { keepForOffline } from './keep-for-offline.ts';

afterEach(() => void vi.restoreAllMocks());

class FakeWorker extends EventTarget {
  state = 'installing';
  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

/** @returns the messages that were shown */
async function keep(register: () => Promise<unknown>): Promise<string[]> {
  const said: string[] = [];
  await keepForOffline({ register } as unknown as ServiceWorkerContainer, (text) => said.push(text));
  return said;
}

test('a service worker that cannot install is told', async () => {
  const installing = new FakeWorker();
  const said = await keep(() => Promise.resolve({ installing, active: null }));
  expect(said).toEqual([]);
  installing.become('redundant');
  expect(said).toEqual([expect.stringContaining('the next visit needs a network')]);
});

test('one that installs says nothing, nor one that gives way to the version before', async () => {
  const first = new FakeWorker();
  const registration: { installing: FakeWorker; active: FakeWorker | null } = {
    installing: first,
    active: null,
  };
  const said = await keep(() => Promise.resolve(registration));
  first.become('installed');
  registration.active = first;
  first.become('activated');
  const second = new FakeWorker();
  const saidLater = await keep(() => Promise.resolve({ installing: second, active: first }));
  second.become('redundant');
  expect([...said, ...saidLater]).toEqual([]);
});

test('a script that cannot be had is told; a private window and a browser that blocks it are not', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  expect(await keep(() => Promise.reject(new TypeError('no script')))).toHaveLength(1);
  expect(await keep(() => Promise.reject(new DOMException('', 'SecurityError')))).toEqual([]);
  expect(await keep(() => Promise.resolve(undefined))).toEqual([]);
});
