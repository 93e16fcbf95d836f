/** The bench's page. It has a worker for each contestant and a function that the bench calls from outside. */
import type { HostReplies, HostRequest } from '../contestants/host.ts';

type Answer = { readonly ok: HostReplies[HostRequest['kind']] } | { readonly error: string };

const workers = new Map<number, Worker>();

/** Sends a request; a contestant's worker starts with its first one, and null ends it. @returns the host's answer */
function ask(contestant: number, request: HostRequest | null): Promise<Answer> {
  if (request === null) {
    workers.get(contestant)?.terminate();
    workers.delete(contestant);
    return Promise.resolve({ error: 'ended' });
  }
  let worker = workers.get(contestant);
  if (worker === undefined) {
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    workers.set(contestant, worker);
  }
  const asked = worker;
  return new Promise((resolve) => {
    asked.addEventListener('message', ({ data }: MessageEvent<Answer>) => resolve(data), { once: true });
    asked.addEventListener('error', ({ message }) => resolve({ error: message }), { once: true });
    asked.postMessage(request);
  });
}

export type Ask = typeof ask;
Object.assign(globalThis, { ask });
