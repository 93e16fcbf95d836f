/** What an archive's entries hold, unpacked where they are compressed. */
import { FailureError } from '../core/failure.ts';
import { inflate, inflateBeginning } from '../core/inflate.ts';
import { findEntryBytes, findPacked, type ZipEntry } from './zip-directory.ts';

/** Weights hardly shrink, and zeros beside them are few. */
const mostUnpacked = 16;
/** Deflate makes at most 1032 bytes of one. */
const mostInflated = 1032;

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** All that may be read of it, unpacked. */
  readonly byteLength: number;
  /**
   * @returns what the entry holds: a part of the file, or where it is compressed a copy in memory
   * @throws FailureError 'checkpoint-invalid' where it is damaged, or where all that were opened hold far more than the file has
   */
  open(entry: ZipEntry): Promise<Blob>;
  /**
   * Where it is compressed, no more than this is unpacked.
   * @returns the first bytes of what the entry holds, `most` or fewer
   * @throws FailureError 'checkpoint-invalid' where they are damaged
   */
  openBeginning(entry: ZipEntry, most: number): Promise<Blob>;
}

async function findDeflated(file: Blob, entry: ZipEntry): Promise<Blob> {
  if (!entry.isDeflated)
    throw invalid(
      `its entry ${entry.name} is encrypted or compressed in a rare way; unpack the archive, and pack it anew`,
    );
  const begin = await findPacked(file, entry);
  return file.slice(begin, begin + entry.packedBytes);
}

/** Only what is opened counts: zeros in an optimizer, which nobody reads, may have been compressed to nearly nothing. */
export function openZipArchive(file: Blob, entries: ReadonlyMap<string, ZipEntry>): ZipArchive {
  const counted = new Set<ZipEntry>();
  let unpackedBytes = 0;
  const mostBytes = mostUnpacked * file.size;
  const count = (entry: ZipEntry): void => {
    if (counted.has(entry)) return;
    counted.add(entry);
    unpackedBytes += entry.byteLength;
    if (unpackedBytes > mostBytes)
      throw invalid(`it would unpack to more than ${mostUnpacked} times its size, which no network does`);
  };
  let deflatedBytes = 0;
  for (const { isDeflated, byteLength } of entries.values()) if (isDeflated) deflatedBytes += byteLength;

  const openStored = async (entry: ZipEntry): Promise<Blob> => {
    const begin = await findEntryBytes(file, entry);
    return file.slice(begin, begin + entry.byteLength);
  };
  const damaged = ({ name }: ZipEntry): FailureError =>
    invalid(`its entry ${name} is compressed, and damaged`);
  return {
    entries,
    byteLength: file.size + Math.min(deflatedBytes, mostBytes),
    open: async (entry) => {
      if (entry.isStored) return openStored(entry);
      const packed = await findDeflated(file, entry);
      count(entry);
      // Unpacked to the length that is stated and no further, and that must be possible.
      const isPossible = entry.byteLength <= mostInflated * entry.packedBytes;
      const bytes = isPossible ? await inflate(packed, 'deflate-raw', entry.byteLength) : null;
      if (bytes?.byteLength !== entry.byteLength) throw damaged(entry);
      return new Blob([bytes]);
    },
    openBeginning: async (entry, most) => {
      if (entry.isStored) return (await openStored(entry)).slice(0, most);
      const bytes = await inflateBeginning(await findDeflated(file, entry), 'deflate-raw', most);
      if (bytes === null) throw damaged(entry);
      return new Blob([bytes]);
    },
  };
}
