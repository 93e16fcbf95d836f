import { beforeEach, describe, expect, test } from 'vitest';
import type { CatalogueEntry, CatalogueSource } from '../catalogue/parse-catalogue.ts';
import { failureOf, type Failure } from '../core/failure.ts';
import { createSha256 } from '../formats/sha256.ts';
import type { StoredModel, TransferProgress } from '../rpc/library-contract.ts';
import { downloadModel, type DownloadTools } from './download.ts';
import { createMemoryStorage } from './file-storage.ts';
import { listModels, openStored, readPartial, writePartial, weightsFile } from './records.ts';

/** Looks like a safetensors file to the check of the format, and is 1000 bytes long. */
const file = new Uint8Array(1000).map((_, i) => (i * 31) % 251);
file.set([10, 0, 0, 0, 0, 0, 0, 0, 0x7b]);

const sha256Of = (bytes: Uint8Array): string => {
  const hash = createSha256();
  hash.update(bytes);
  return hash.hex();
};
const sha256 = sha256Of(file);

const sourceAt = (host: string, more: Partial<CatalogueSource> = {}): CatalogueSource => ({
  url: `https://${host}/model.safetensors`,
  format: 'safetensors',
  byteLength: null,
  sha256: null,
  holdsMore: false,
  ...more,
});

const entryFrom = (...sources: [CatalogueSource, ...CatalogueSource[]]): CatalogueEntry => ({
  id: 'tiny',
  title: 'Tiny',
  group: 'dino',
  architecture: {
    embedDim: 8,
    depth: 1,
    numHeads: 2,
    patchSize: 8,
    gridSize: 2,
    numRegisters: 0,
    layerScale: false,
  },
  sources,
  licence: 'none',
  figures: null,
  note: null,
  classifiers: [],
});

interface Asked {
  readonly host: string;
  readonly range: string | null;
  readonly ifRange: string | null;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

interface BodyOptions {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** The connection breaks instead of ending. */
  readonly breaks?: boolean;
  /** The body never ends. */
  readonly hangs?: boolean;
}

/** Bytes in pieces of a hundred, as a network brings them. */
function bodyOf(
  bytes: Uint8Array,
  { status = 200, headers = {}, breaks, hangs }: BodyOptions = {},
): Response {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, (at += 100)));
      else if (breaks) controller.error(new TypeError('network error'));
      else if (!hangs) controller.close();
    },
  });
  return new Response(body, { status, headers });
}

const whole = (more: Record<string, string> = {}): Response =>
  bodyOf(file, { headers: { 'Content-Length': '1000', ETag: '"v1"', ...more } });

const broken = (length: number): Response =>
  bodyOf(file.subarray(0, length), {
    headers: { 'Content-Length': '1000', ETag: '"v1"' },
    breaks: true,
  });

const rest = (from: number, headers: Record<string, string> = {}): Response =>
  bodyOf(file.subarray(from), {
    status: 206,
    headers: { 'Content-Range': `bytes ${from}-999/1000`, ETag: '"v1"', ...headers },
  });

let answers: Answer[];
let asked: Asked[];
let waits: number[];
let tools: DownloadTools;
let time: number;

beforeEach(() => {
  answers = [];
  asked = [];
  waits = [];
  time = 0;
  tools = {
    folders: createMemoryStorage('refused'),
    fetch: async (url, init) => {
      const headers = new Headers(init?.headers);
      const each = {
        host: new URL(url as string).host,
        range: headers.get('Range'),
        ifRange: headers.get('If-Range'),
      };
      asked.push(each);
      init?.signal?.throwIfAborted();
      return (answers.shift() ?? expect.unreachable('one request too many'))(each);
    },
    now: () => (time += 150),
    timeoutMs: 50,
    freeBytes: () => Promise.resolve(null),
    wait: async (ms) => void waits.push(ms),
    today: () => new Date('2026-11-23T08:00:00Z'),
  };
});

const noAnswer: Answer = () => {
  throw new TypeError('Failed to fetch');
};

async function run(
  entry: CatalogueEntry,
  signal = new AbortController().signal,
  onProgress: (progress: TransferProgress) => void = () => undefined,
): Promise<StoredModel | Failure> {
  try {
    return await downloadModel(entry, tools, signal, onProgress);
  } catch (error) {
    return failureOf(error) ?? { code: 'cancelled' };
  }
}

/** What the folder and the outcome say of the download; `isWhole` where it is all there and nothing else. */
async function endOf(outcome: StoredModel | Failure) {
  const { stored, partial } = await listModels(tools.folders);
  const weights =
    stored.length === 0 ? null : (await openStored(tools.folders, 'tiny')).files.get(weightsFile);
  const hash = weights ? sha256Of(new Uint8Array(await weights.arrayBuffer())) : null;
  return { hash, told: 'sha256' in outcome ? outcome.sha256 : outcome, partial };
}
const isWhole = { hash: sha256, told: sha256, partial: [] };

const kept = async (): Promise<number | null> =>
  (await readPartial(tools.folders, 'tiny'))?.bytes.size ?? null;

describe('a download', () => {
  test('comes whole, with its bytes and their rate on the way, and is kept with where it came from', async () => {
    answers = [() => whole()];
    const seen: TransferProgress[] = [];
    const outcome = await run(entryFrom(sourceAt('one.org')), undefined, (progress) => seen.push(progress));
    expect(await endOf(outcome)).toEqual(isWhole);
    expect(outcome).toMatchObject({
      title: 'Tiny',
      source: 'https://one.org/model.safetensors',
      storedAt: '2026-11-23T08:00:00.000Z',
      hints: { config: { embedDim: 8, depth: 1, numHeads: 2, patchSize: 8, gridSize: 2, mlpRatio: 4 } },
    });
    expect(asked).toEqual([{ host: 'one.org', range: null, ifRange: null }]);
    expect(seen[0]).toEqual({ stage: 'connect', host: 'one.org' });
    // As soon as the host has answered, before anything is written.
    expect(seen[1]).toMatchObject({ stage: 'transfer', loadedBytes: 0, totalBytes: 1000 });
    expect(seen.at(-1)).toMatchObject({ host: 'one.org', loadedBytes: 1000, totalBytes: 1000 });
    const rates = seen.flatMap((each) => (each.stage === 'transfer' ? [each.bytesPerSecond] : []));
    expect(rates[0]).toBeNull();
    expect(rates.at(-1)).toBeGreaterThan(0);
  });

  test('that is there already asks nobody', async () => {
    answers = [() => whole()];
    const entry = entryFrom(sourceAt('one.org'));
    await run(entry);
    expect(await endOf(await run(entry))).toEqual(isWhole);
    expect(asked).toHaveLength(1);
  });

  test('is taken up again by itself where the connection breaks', async () => {
    answers = [() => broken(300), () => rest(300)];
    expect(await endOf(await run(entryFrom(sourceAt('one.org'))))).toEqual(isWhole);
    expect(asked[1]).toEqual({ host: 'one.org', range: 'bytes=300-', ifRange: '"v1"' });
    expect(waits).toEqual([1000]);
  });

  test('that ends too early is taken up as one that broke', async () => {
    answers = [
      () => bodyOf(file.subarray(0, 500), { headers: { 'Content-Length': '1000', ETag: '"v1"' } }),
      () => rest(500),
    ];
    expect(await endOf(await run(entryFrom(sourceAt('one.org'))))).toEqual(isWhole);
  });

  test('that goes silent is given up, and keeps what came', async () => {
    const silent: Answer = ({ range }) =>
      range === null
        ? bodyOf(file.subarray(0, 300), { headers: { 'Content-Length': '1000', ETag: '"v1"' }, hangs: true })
        : bodyOf(new Uint8Array(), {
            status: 206,
            headers: { 'Content-Range': 'bytes 300-999/1000', ETag: '"v1"' },
            hangs: true,
          });
    answers = [silent, silent, silent];
    expect(await run(entryFrom(sourceAt('one.org'), sourceAt('two.org')))).toEqual({
      code: 'download-interrupted',
      host: 'one.org',
      keptBytes: 300,
    });
    expect(await kept()).toBe(300);
    expect(waits).toEqual([1000, 2000]);
  });

  test('that is cancelled keeps what came, and goes on from there', async () => {
    const controller = new AbortController();
    answers = [
      () =>
        bodyOf(file.subarray(0, 400), { headers: { 'Content-Length': '1000', ETag: '"v1"' }, hangs: true }),
    ];
    const outcome = run(entryFrom(sourceAt('one.org')), controller.signal, (progress) => {
      if (progress.stage === 'transfer' && progress.loadedBytes >= 300) controller.abort();
    });
    expect(await outcome).toEqual({ code: 'cancelled' });
    expect(await listModels(tools.folders)).toEqual({
      stored: [],
      partial: [{ id: 'tiny', keptBytes: await kept(), totalBytes: 1000 }],
      remains: [],
    });
    const from = (await kept()) ?? 0;
    expect(from).toBeGreaterThanOrEqual(300);
    answers = [() => rest(from)];
    expect(await endOf(await run(entryFrom(sourceAt('one.org'))))).toEqual(isWhole);
  });
});

describe('going on where it broke off', () => {
  /** 300 bytes of it lie in the browser. */
  beforeEach(async () => {
    const controller = new AbortController();
    answers = [() => broken(300)];
    tools = { ...tools, wait: () => new Promise(() => queueMicrotask(() => controller.abort())) };
    await run(entryFrom(sourceAt('one.org')), controller.signal);
    tools = { ...tools, wait: async (ms) => void waits.push(ms) };
    asked = [];
    if ((await kept()) !== 300) throw new Error('the beginning of these tests is wrong');
  });

  const goesOn = (...sources: [CatalogueSource, ...CatalogueSource[]]) => run(entryFrom(...sources));

  test('takes the rest', async () => {
    answers = [() => rest(300)];
    expect(await endOf(await goesOn(sourceAt('one.org')))).toEqual(isWhole);
  });

  test('begins with the source of what is there, though it is not the first', async () => {
    answers = [() => rest(300)];
    expect(await endOf(await goesOn(sourceAt('zero.org'), sourceAt('one.org')))).toEqual(isWhole);
    expect(asked.map(({ host }) => host)).toEqual(['one.org']);
  });

  test('starts over where the server sends everything', async () => {
    answers = [() => whole()];
    expect(await endOf(await goesOn(sourceAt('one.org')))).toEqual(isWhole);
    expect(asked).toHaveLength(1);
  });

  test('asks with less where the preflight is refused', async () => {
    answers = [noAnswer, () => rest(300)];
    expect(await endOf(await goesOn(sourceAt('one.org')))).toEqual(isWhole);
    expect(asked.map(({ range, ifRange }) => [range, ifRange])).toEqual([
      ['bytes=300-', '"v1"'],
      ['bytes=300-', null],
    ]);
  });

  test('starts over without a range where every range is refused', async () => {
    answers = [noAnswer, noAnswer, () => whole()];
    expect(await endOf(await goesOn(sourceAt('one.org')))).toEqual(isWhole);
    expect(asked.at(-1)).toEqual({ host: 'one.org', range: null, ifRange: null });
  });

  test.each<[string, Answer]>([
    ['the range is not to be had', () => new Response('', { status: 416 })],
    ['the server takes offence', () => new Response('', { status: 403 })],
    ['another part comes', () => rest(300, { 'Content-Range': 'bytes 200-999/1000' })],
    ['the file has become longer', () => rest(300, { 'Content-Range': 'bytes 300-1999/2000' })],
    ['it is another version', () => rest(300, { ETag: '"v2"' })],
  ])('starts over where %s', async (_, answer) => {
    answers = [answer, answer, () => whole()];
    expect(await endOf(await goesOn(sourceAt('one.org')))).toEqual(isWhole);
  });

  test('does not put together what nobody vouches for', async () => {
    const bare: Answer = () =>
      bodyOf(file.subarray(300), { status: 206, headers: { 'Content-Length': '700' } });
    // Without If-Range, without an ETag, and with no hash to check the sum.
    answers = [noAnswer, bare, () => whole()];
    expect(await endOf(await goesOn(sourceAt('one.org')))).toEqual(isWhole);
    expect(asked).toHaveLength(3);
  });

  test('does where the hash of the whole is known', async () => {
    const bare: Answer = () =>
      bodyOf(file.subarray(300), { status: 206, headers: { 'Content-Length': '700' } });
    answers = [noAnswer, bare];
    expect(await endOf(await goesOn(sourceAt('one.org', { sha256 })))).toEqual(isWhole);
  });

  test('keeps what is there while nothing answers', async () => {
    answers = Array.from({ length: 4 }, () => noAnswer);
    expect(await goesOn(sourceAt('one.org'), sourceAt('two.org'))).toMatchObject({ code: 'download-failed' });
    expect(await kept()).toBe(300);
  });
});

describe('a source that fails', () => {
  test.each<[string, Answer]>([
    ['that is not there', () => new Response('', { status: 404 })],
    ['without an answer', noAnswer],
    ['that never answers', () => new Promise<Response>(() => undefined)],
    ['with a login page', () => bodyOf(new TextEncoder().encode('<!doctype html><title>Wi-Fi</title>'))],
    ['with another format', () => bodyOf(new Uint8Array(1000).fill(7))],
    ['with more than it said', () => bodyOf(file, { headers: { 'Content-Length': '900' } })],
  ])('%s gives way to the next', async (_, answer) => {
    answers = [answer, () => whole()];
    expect(await endOf(await run(entryFrom(sourceAt('one.org'), sourceAt('two.org'))))).toEqual(isWhole);
    expect(asked.map(({ host }) => host)).toEqual(['one.org', 'two.org']);
  });

  test('and the next too: each says why', async () => {
    answers = [() => new Response('', { status: 404 }), noAnswer];
    expect(await run(entryFrom(sourceAt('one.org'), sourceAt('two.org')))).toEqual({
      code: 'download-failed',
      reasons: [
        { code: 'model-unreachable', url: 'https://one.org/model.safetensors', status: 404 },
        { code: 'model-unreachable', url: 'https://two.org/model.safetensors', status: null },
      ],
    });
    expect(await listModels(tools.folders)).toEqual({ stored: [], partial: [], remains: [] });
  });
});

describe('what is not what it should be', () => {
  test.each<[string, Partial<CatalogueSource>, RegExp]>([
    ['another hash', { sha256: '0'.repeat(64) }, /SHA-256 begins with [0-9a-f]{8} and not with 00000000/],
    ['another beginning of the hash', { sha256: '0'.repeat(8) }, /SHA-256/],
    ['another length', { byteLength: 999 }, /longer than the 999 bytes/],
  ])('%s is refused and deleted', async (_, facts, problem) => {
    answers = [() => whole()];
    const outcome = await run(entryFrom(sourceAt('one.org', facts)));
    expect(outcome).toMatchObject({
      code: 'download-failed',
      reasons: [{ code: 'download-damaged', problem: expect.stringMatching(problem) as string }],
    });
    expect(await tools.folders.list()).toEqual([]);
  });

  test('the right hash passes, whole or its first digits', async () => {
    for (const known of [sha256, sha256.slice(0, 8)]) {
      await tools.folders.remove('tiny');
      answers = [() => whole()];
      expect(await endOf(await run(entryFrom(sourceAt('one.org', { sha256: known }))))).toEqual(isWhole);
    }
  });
});

describe('room', () => {
  test('that is not there is told before the first byte', async () => {
    answers = [() => whole()];
    tools = { ...tools, freeBytes: () => Promise.resolve(600) };
    expect(await run(entryFrom(sourceAt('one.org'), sourceAt('two.org')))).toEqual({
      code: 'storage-full',
      neededBytes: 1000,
      freeBytes: 600,
    });
    expect(await tools.folders.list()).toEqual([]);
  });

  test.each([
    ['is not there', { freeBytes: () => Promise.resolve(600) }],
    [
      'cannot be written to',
      { folders: { ...createMemoryStorage('refused'), open: () => Promise.reject(new Error('no answer')) } },
    ],
  ])('that %s: the host is not left sending', async (_, changed) => {
    let isEnded = false;
    const endless = new ReadableStream<Uint8Array>({ cancel: () => void (isEnded = true) });
    answers = [() => new Response(endless, { headers: { 'Content-Length': '1000' } })];
    tools = { ...tools, ...changed };
    await run(entryFrom(sourceAt('one.org'))).catch(() => undefined);
    expect(isEnded).toBe(true);
  });
});

test('a record that a crash cut off counts as nothing, and the download starts over', async () => {
  await writePartial(tools.folders, 'tiny', {
    url: sourceAt('one.org').url,
    validator: '"v1"',
    totalBytes: 1000,
  });
  const weights = await tools.folders.open('tiny', weightsFile);
  weights.write(file.slice(0, 300), 0);
  const record = await tools.folders.open('tiny', 'partial.json');
  record.truncate(20);
  expect(await listModels(tools.folders)).toEqual({ stored: [], partial: [], remains: ['tiny'] });
  answers = [() => whole()];
  expect(await endOf(await run(entryFrom(sourceAt('one.org'))))).toEqual(isWhole);
  expect(asked).toEqual([{ host: 'one.org', range: null, ifRange: null }]);
});
