/** Downloads a model of the catalogue into the browser: tries its sources in turn, resumes, and verifies. */
import {
  type CatalogueEntry,
  type CatalogueSource,
  wholeArchitecture,
} from '../catalogue/parse-catalogue.ts';
import { FailureError, failureOf, type Failure } from '../core/failure.ts';
import { describeUnknownFile } from '../formats/describe-unknown-file.ts';
import { readBytes } from '../formats/read-bytes.ts';
import { matchesSafetensors } from '../formats/safetensors.ts';
import type { StoredModel, TransferProgress } from '../rpc/library-contract.ts';
import { readPartial, readStored, weightsFile, writeStored } from './records.ts';
import { transferFile, type Transferred, type TransferTools } from './transfer.ts';

export interface DownloadTools extends TransferTools {
  wait(ms: number): Promise<void>;
  /** The time of day, for the record. */
  today(): Date;
}

/** A broken download is resumed this often automatically; after that the person decides. */
const maxResumes = 2;
const firstWaitMs = 1000;

/** The source of the kept bytes first, since they cannot be continued from another source. */
async function inOrder(entry: CatalogueEntry, tools: DownloadTools): Promise<readonly CatalogueSource[]> {
  const begun = (await readPartial(tools.folders, entry.id))?.url;
  const first = entry.sources.filter(({ url }) => url === begun);
  return [...first, ...entry.sources.filter(({ url }) => url !== begun)];
}

/** A proxy's login page also has the status 200, so the content is checked. */
async function problemOfFormat(weights: Blob, { format }: CatalogueSource): Promise<string | null> {
  const head = await readBytes(weights, 0, Math.min(512, weights.size));
  if (head === null) return 'it cannot be read back';
  const unknown = describeUnknownFile(head);
  if (unknown !== null) return unknown;
  return format === 'safetensors' && !matchesSafetensors(head.subarray(0, 16))
    ? 'it is no safetensors file'
    : null;
}

async function check(
  id: string,
  source: CatalogueSource,
  { byteLength, sha256 }: Transferred,
  tools: DownloadTools,
): Promise<void> {
  const problems = async (): Promise<string | null> => {
    if (source.sha256 !== null && !sha256.startsWith(source.sha256))
      return `its SHA-256 begins with ${sha256.slice(0, 8)} and not with ${source.sha256.slice(0, 8)}`;
    const weights = await tools.folders.read(id, weightsFile);
    if (weights === null || weights.size !== byteLength) return 'it was not kept whole';
    return problemOfFormat(weights, source);
  };
  const problem = await problems();
  if (problem === null) return;
  throw new FailureError({ code: 'download-damaged', host: new URL(source.url).host, problem });
}

/** A cancel ends the wait too. */
const pause = (ms: number, tools: DownloadTools, signal: AbortSignal): Promise<void> =>
  Promise.race([
    tools.wait(ms),
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  ]);

/** Downloads from one source until it is complete or fails; resumes a few times. */
async function fromSource(
  entry: CatalogueEntry,
  source: CatalogueSource,
  tools: DownloadTools,
  signal: AbortSignal,
  onProgress: (progress: TransferProgress) => void,
): Promise<StoredModel> {
  const { id, title, architecture } = entry;
  for (let resumes = 0; ; resumes++) {
    try {
      const transferred = await transferFile({ id, source, signal, onProgress }, tools);
      await check(id, source, transferred, tools);
      const stored: StoredModel = {
        id,
        title,
        kind: 'checkpoint',
        files: [{ name: weightsFile, byteLength: transferred.byteLength }],
        sha256: transferred.sha256,
        source: source.url,
        storedAt: tools.today().toISOString(),
        // The file must be the network that the catalogue names, whatever the host sent.
        hints: { config: wholeArchitecture(architecture) },
      };
      await writeStored(tools.folders, stored);
      return stored;
    } catch (error) {
      const failure = failureOf(error);
      if (failure?.code === 'download-damaged') await tools.folders.remove(id);
      if (failure?.code !== 'download-interrupted' || resumes === maxResumes) throw error;
      await pause(firstWaitMs * 2 ** resumes, tools, signal);
      signal.throwIfAborted();
    }
  }
}

/** Another source would fail in the same way. */
const isFinalForAllSources = ({ code }: Failure): boolean =>
  code === 'storage-full' || code === 'storage-failed' || code === 'model-busy';

/**
 * @returns the model as it is kept
 * @throws FailureError with the reason; an abort rejects with the signal's own, and what came is kept
 */
export async function downloadModel(
  entry: CatalogueEntry,
  tools: DownloadTools,
  signal: AbortSignal,
  onProgress: (progress: TransferProgress) => void,
): Promise<StoredModel> {
  const there = await readStored(tools.folders, entry.id);
  if (there !== null) return there;
  const reasons: Failure[] = [];
  for (const source of await inOrder(entry, tools)) {
    try {
      return await fromSource(entry, source, tools, signal, onProgress);
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(error);
      if (failure === null || isFinalForAllSources(failure)) throw error;
      // A part of a large file is worth more than a new start from another source, so the person is asked.
      if (failure.code === 'download-interrupted' && failure.keptBytes > 0) throw error;
      reasons.push(failure);
    }
  }
  throw new FailureError({ code: 'download-failed', reasons });
}
