import { beforeEach, expect, test, vi } from 'vitest';
import { FailureError, type Failure } from '../core/failure.ts';
import { fail, succeed } from '../core/result.ts';
import { crashed, serveCalls, type Handlers } from './serve-calls.ts';

interface Contract {
  readonly look: { readonly request: string; readonly progress: number; readonly result: string };
  readonly learn: {
    readonly request: string;
    readonly progress: number;
    readonly result: string | (() => void);
  };
}

/** The worker's side of a channel: what it was told goes to its listener, and what it says is kept. */
const said: unknown[] = [];
let tell: (message: unknown) => void;
let ends: Map<string, (outcome: 'well' | 'thrown' | 'lost' | 'unsendable') => void>;
let begun: string[];

function serve(): ReturnType<typeof serveCalls<Contract>> {
  const handle =
    (name: string): Handlers<Contract>['learn'] =>
    (request, { signal, onProgress }) =>
      new Promise((resolve, reject) => {
        begun.push(`${name} ${request}`);
        onProgress(1);
        signal.addEventListener('abort', () => resolve(fail({ code: 'cancelled' })));
        ends.set(request, (outcome) => {
          if (outcome === 'well') resolve(succeed(`${request}!`));
          if (outcome === 'unsendable') resolve(succeed(() => undefined));
          if (outcome === 'thrown') reject(new Error('a bug'));
          if (outcome === 'lost') reject(new FailureError({ code: 'device-lost', message: 'gone' }));
        });
      });
  return serveCalls<Contract>(
    { look: handle('look') as Handlers<Contract>['look'], learn: handle('learn') },
    {
      oneByOne: ['look'],
      isFinal: (_, { code }: Failure) => code === 'device-lost',
      transferablesOf: () => [],
      failureOfCrash: crashed,
    },
  );
}

const aTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const call = (id: number, method: 'look' | 'learn', request: string): void =>
  tell({ kind: 'call', id, method, request });
const end = async (request: string, outcome: 'well' | 'thrown' | 'lost' | 'unsendable'): Promise<void> => {
  ends.get(request)?.(outcome);
  await aTurn();
};

beforeEach(() => {
  said.length = 0;
  begun = [];
  ends = new Map();
  vi.stubGlobal('postMessage', (message: unknown) => said.push(structuredClone(message)));
  vi.stubGlobal('addEventListener', (_: string, listener: (event: { data: unknown }) => void) => {
    tell = (data) => listener({ data });
  });
  return () => vi.unstubAllGlobals();
});

test('calls of the queue run one by one, others at once, and each is answered', async () => {
  serve();
  call(1, 'look', 'a');
  call(2, 'look', 'b');
  call(3, 'learn', 'c');
  await aTurn();
  expect(begun.sort()).toEqual(['learn c', 'look a']);
  expect(said).toContainEqual({ kind: 'progress', id: 1, method: 'look', progress: 1 });
  await end('a', 'well');
  expect(said).toContainEqual({ kind: 'done', id: 1, method: 'look', result: 'a!' });
  expect(begun).toContain('look b');
});

test('a call that is cancelled while it waits ends at once, and one that runs when its handler hears', async () => {
  serve();
  call(1, 'look', 'a');
  call(2, 'look', 'b');
  await aTurn();
  tell({ kind: 'cancel', id: 2 });
  await aTurn();
  expect(said).toContainEqual({ kind: 'failed', id: 2, failure: { code: 'cancelled' } });
  tell({ kind: 'cancel', id: 1 });
  await aTurn();
  expect(said).toContainEqual({ kind: 'failed', id: 1, failure: { code: 'cancelled' } });
  expect(begun).toEqual(['look a']);
  tell({ kind: 'cancel', id: 1 }); // it is over: nothing more is said
  await aTurn();
  expect(said.filter((each) => (each as { id: number }).id === 1)).toHaveLength(2);
});

test('a bug is told, a lost device ends the worker, and the queue goes on', async () => {
  serve();
  call(1, 'look', 'a');
  call(2, 'look', 'b');
  await aTurn();
  await end('a', 'thrown');
  expect(said).toContainEqual({
    kind: 'failed',
    id: 1,
    failure: { code: 'worker-crashed', message: 'a bug' },
  });
  await end('b', 'lost');
  expect(said).toContainEqual({ kind: 'gone', failure: { code: 'device-lost', message: 'gone' } });
});

test('a result that cannot be sent is told as a bug, and nobody waits for it', async () => {
  serve();
  call(1, 'learn', 'a');
  await aTurn();
  await end('a', 'unsendable');
  expect(said.at(-1)).toMatchObject({ kind: 'failed', id: 1, failure: { code: 'worker-crashed' } });
});

test('handlers put work into the same line', async () => {
  const { enqueue } = serve();
  call(1, 'look', 'a');
  await aTurn();
  const order: string[] = [];
  const work = enqueue(() => Promise.resolve(order.push('work')));
  await aTurn();
  expect(order).toEqual([]);
  await end('a', 'well');
  await work;
  expect(order).toEqual(['work']);
});
