import { X } from 'lucide-react';
import { useId } from 'react';
import { IconButton } from '../kit/icon-button.tsx';
import { useServices } from '../services.tsx';
import type { ModelSwitch } from '../state/model-in-use.ts';
import { describeSwitch } from '../words.ts';
import './switch-progress.css';

interface SwitchProgressProps {
  readonly modelSwitch: ModelSwitch;
  /** Of the button that stops it. */
  readonly cancel: string;
}

/** How far another model is loaded. */
export function SwitchProgress({ modelSwitch, cancel }: SwitchProgressProps) {
  const { session } = useServices();
  const labelId = useId();
  const { progress } = modelSwitch;
  const bytes = progress?.stage === 'download' && progress.totalBytes > 0 ? progress : null;
  return (
    <div className="switch-progress" data-switching>
      <span id={labelId}>{describeSwitch(modelSwitch)}</span>
      <progress
        aria-labelledby={labelId}
        {...(bytes ? { value: bytes.loadedBytes, max: bytes.totalBytes } : {})}
      />
      <IconButton icon={X} label={cancel} onClick={() => session.cancelModelSwitch()} />
    </div>
  );
}
