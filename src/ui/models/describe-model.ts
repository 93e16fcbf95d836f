/** Texts of the list of models: sizes, architectures, download progress. */
import { countParameters, type CatalogueEntry, downloadSize } from '../../catalogue/parse-catalogue.ts';
import { formatBytes } from '../../core/bytes.ts';
import type { PartialModel, TransferProgress } from '../../rpc/library-contract.ts';
import { countOf } from '../../core/count-of.ts';
import { withUnit } from '../../core/with-unit.ts';

const formatCount = (parameters: number): string => `${(parameters / 1e6).toFixed(1)}\u00a0M parameters`;

interface Sizes {
  readonly depth: number;
  readonly numHeads: number;
  readonly patchSizePx: number;
  readonly parameterCount: number;
}

export const describeSizes = ({ depth, numHeads, patchSizePx, parameterCount }: Sizes): string =>
  `${countOf(depth, 'block')}, ${countOf(numHeads, 'head')}, patches of ${withUnit(patchSizePx, 'px')}, ${formatCount(parameterCount)}`;

export const describeEntry = ({ architecture }: CatalogueEntry): string =>
  describeSizes({
    ...architecture,
    patchSizePx: architecture.patchSize,
    parameterCount: countParameters(architecture),
  });

export function describeDownloadSize(entry: CatalogueEntry): string {
  const { byteLength, is } = downloadSize(entry);
  const size = formatBytes(byteLength);
  return is === 'exact' ? size : is === 'about' ? `about ${size}` : `more than ${size}`;
}

export const describePartial = ({ keptBytes, totalBytes }: PartialModel): string =>
  `${formatBytes(keptBytes)}${totalBytes === null ? '' : ` of ${formatBytes(totalBytes)}`} are here`;

function formatTime(seconds: number): string {
  if (seconds < 1) return 'a moment';
  if (seconds < 90) return withUnit(Math.round(seconds), 's');
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? withUnit(minutes, 'min') : withUnit((minutes / 60).toFixed(1), 'h');
}

export function describeTransfer(progress: TransferProgress | null): string {
  if (progress === null) return 'Starting';
  if (progress.stage === 'connect') return `Asking ${progress.host}`;
  const { host, loadedBytes, totalBytes, bytesPerSecond } = progress;
  const parts = [
    totalBytes === null
      ? formatBytes(loadedBytes)
      : `${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`,
  ];
  if (bytesPerSecond !== null && bytesPerSecond > 0) {
    parts.push(`${formatBytes(bytesPerSecond)}/s`);
    if (totalBytes !== null) parts.push(`${formatTime((totalBytes - loadedBytes) / bytesPerSecond)} left`);
  }
  if (host !== null) parts.push(host);
  return parts.join(' · ');
}
