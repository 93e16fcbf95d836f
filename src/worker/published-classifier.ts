/**
 * Published classifiers: a few megabytes each, fetched once and kept by their address. A whole hash is known of none of them, so what can be
 * known is checked: the length, the shapes, and that a later download has the hash of the first one.
 */
import type { Failure } from '../core/failure.ts';
import type { PublishedHead } from '../core/linear-head.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { hashFile } from '../formats/sha256.ts';
import type { ClassifierFile } from '../rpc/classify-contract.ts';

export interface FetchedClassifier {
  readonly file: Blob;
  readonly sha256: string;
  readonly isKept: boolean;
}

const cacheName = 'dinoscope-classifiers';
/** Of a kept file, on its response; and of the first download, on a response of its own. */
const hashHeader = 'x-sha256';
const hashKey = ({ url }: PublishedHead): string => `${url}?sha256`;

/** Null where the browser has none (plain http, some private windows). */
const openCache = (): Promise<Cache | null> =>
  'caches' in globalThis ? caches.open(cacheName).catch(() => null) : Promise.resolve(null);

const hashOf = (file: Blob): Promise<string | null> => hashFile(file, () => true);

const damaged = ({ url }: PublishedHead, problem: string): Result<never, Failure> =>
  fail({ code: 'download-damaged', host: new URL(url).host, problem, what: 'classifier' });

const float32Bytes = 4;
/** Around the numbers: the container, and what the training wrote beside them. */
const otherBytes = 1024 * 1024;

/** A file may hold the optimizer's momentum too, which has as many numbers as the weights. */
export function problemOfLength(
  { classCount, inputCount, byteLength }: PublishedHead,
  length: number,
): string | null {
  if (byteLength !== null)
    return length === byteLength ? null : `it has ${length} bytes and not ${byteLength}`;
  const least = float32Bytes * classCount * (inputCount + 1);
  const most = 2 * least + otherBytes;
  const numbers = `weights of ${classCount} classes and ${inputCount} inputs`;
  if (length < least) return `its ${length} bytes are too few for ${numbers}`;
  return length > most ? `its ${length} bytes are too many for ${numbers}` : null;
}

/** @returns null where there is none, or what is kept is not what was kept */
async function readKept(cache: Cache | null, { url }: PublishedHead): Promise<FetchedClassifier | null> {
  const kept = await cache?.match(url).catch(() => undefined);
  const wanted = kept?.headers.get(hashHeader) ?? null;
  if (kept === undefined || wanted === null) return null;
  const file = await kept.blob();
  return (await hashOf(file)) === wanted ? { file, sha256: wanted, isKept: true } : null;
}

async function problemOfHash(
  cache: Cache | null,
  head: PublishedHead,
  sha256: string,
): Promise<string | null> {
  const first = await cache?.match(hashKey(head)).catch(() => undefined);
  const wanted = head.sha256 ?? (await first?.text()) ?? null;
  if (wanted === null || sha256.startsWith(wanted)) return null;
  const origin = head.sha256 === null ? ', as it did at the first download' : '';
  return `its SHA-256 begins with ${sha256.slice(0, 8)} and not with ${wanted.slice(0, 8)}${origin}`;
}

/** @returns the file, whose weights are still to be believed or not; or why it cannot be had */
export async function fetchClassifier(
  head: PublishedHead,
  signal: AbortSignal,
): Promise<Result<FetchedClassifier, Failure>> {
  const { url } = head;
  const cache = await openCache();
  const kept = await readKept(cache, head);
  if (kept !== null) return succeed(kept);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) return fail({ code: 'model-unreachable', url, status: response.status });
    const file = await response.blob();
    const sha256 = await hashOf(file);
    const problem =
      sha256 === null
        ? 'it cannot be read back'
        : (problemOfLength(head, file.size) ?? (await problemOfHash(cache, head, sha256)));
    return problem !== null || sha256 === null
      ? damaged(head, problem ?? '')
      : succeed({ file, sha256, isKept: false });
  } catch {
    return fail(signal.aborted ? { code: 'cancelled' } : { code: 'model-unreachable', url, status: null });
  }
}

/**
 * Keeps a file that was fetched, once it has been opened, with its hash. Without room it is fetched again next time.
 * @param layer what it turned out to hold, see `LinearProbe`
 * @returns what is wrong with it where its shapes are others
 */
export async function keepClassifier(
  head: PublishedHead,
  { file, sha256, isKept }: FetchedClassifier,
  layer: { readonly classCount: number; readonly channels: number },
): Promise<Result<void, Failure>> {
  if (layer.classCount !== head.classCount || layer.channels !== head.inputCount)
    return damaged(
      head,
      `its weights are [${layer.classCount}, ${layer.channels}] and not [${head.classCount}, ${head.inputCount}]`,
    );
  if (isKept) return succeed(undefined);
  const cache = await openCache();
  const headers = { [hashHeader]: sha256 };
  // The hash first: a file that is deleted later, or for which there is no room, must come again as it is now.
  await cache?.put(hashKey(head), new Response(sha256)).catch(() => undefined);
  await cache?.put(head.url, new Response(file, { headers })).catch(() => undefined);
  return succeed(undefined);
}

/** @returns a classifier's file, and how to keep it once it has been opened */
export async function readClassifier(
  classifier: ClassifierFile,
  signal: AbortSignal,
): Promise<
  Result<
    {
      readonly file: Blob;
      keep(layer: Parameters<typeof keepClassifier>[2]): Promise<Result<void, Failure>>;
    },
    Failure
  >
> {
  if (classifier.kind === 'file')
    return succeed({ file: classifier.file, keep: () => Promise.resolve(succeed(undefined)) });
  const { head } = classifier;
  const fetched = await fetchClassifier(head, signal);
  if (!fetched.ok) return fetched;
  const { file } = fetched.value;
  return succeed({ file, keep: (layer) => keepClassifier(head, fetched.value, layer) });
}
