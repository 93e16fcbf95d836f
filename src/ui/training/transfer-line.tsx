import { X } from 'lucide-react';
import { useId } from 'react';
import { formatBytes } from '../../core/bytes.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useServices, useTraining } from '../services.tsx';
import './transfer-line.css';

/** The progress of an export or import of a run. The style sheet shows it after a short delay, since most end sooner. */
export function TransferLine() {
  const { training } = useServices();
  const transfer = useTraining((state) => state.transfer);
  const labelId = useId();
  if (transfer === null) return null;
  const { words, progress } = transfer;
  return (
    <div className="run-transfer">
      <span id={labelId}>
        {words} …
        {progress !== null && ` ${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`}
      </span>
      <progress
        aria-labelledby={labelId}
        {...(progress ? { value: progress.doneBytes, max: progress.totalBytes } : {})}
      />
      <IconButton icon={X} label="Cancel" withText onClick={() => training.cancelTransfer()} />
    </div>
  );
}
