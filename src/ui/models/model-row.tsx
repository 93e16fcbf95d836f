import { Check, Dices, Play, Trash2, X } from 'lucide-react';
import { type ReactNode, useId, useRef, useState } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { describeTransfer } from './describe-model.ts';
import { firstSeed } from './known-models.ts';
import { useApp, useServices } from '../services.tsx';
import type { Transfer } from '../state/library-state.ts';
import type { AppState } from '../state/app-store.ts';
import type { ModelSwitch } from '../state/model-in-use.ts';
import { isOfSameFiles, isSameChoice, type ModelChoice } from '../state/model-choice.ts';
import { describeSwitch } from '../words.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useKeptFocus } from '../kit/use-kept-focus.ts';

interface ModelRowProps {
  readonly title: string;
  readonly choice: ModelChoice;
  /** False if the model is not downloaded yet: only its sizes are known. */
  readonly isHere?: boolean;
  /** Facts about the model, one line each. */
  readonly children: ReactNode;
  /** A download or copy that is running, or has failed. */
  readonly transfer?: Transfer | undefined;
  readonly onCancelTransfer?: () => void;
  /** Actions other than using the model. */
  readonly actions?: ReactNode;
}

/** One model of the list: its description on the left, its actions on the right. */
export function ModelRow({
  title,
  choice,
  isHere = true,
  children,
  transfer,
  onCancelTransfer,
  actions,
}: ModelRowProps) {
  const titleId = useId();
  const row = useRef<HTMLLIElement>(null);
  useKeptFocus(row);
  const isUsed = useApp((state) => isSameChoice(state.models.used?.choice ?? null, choice));
  return (
    <li className="model" data-used={isUsed} aria-labelledby={titleId} ref={row} tabIndex={-1}>
      <div className="model-facts">
        <h4 id={titleId}>{title}</h4>
        {children}
      </div>
      <div className="model-state">
        {transfer?.status === 'running' && (
          <TransferLine transfer={transfer} title={title} onCancel={onCancelTransfer} />
        )}
        {transfer?.status === 'failed' && (
          <p className="model-failure">{describeFailure(transfer.failure)}</p>
        )}
        {isHere && <UseAction choice={choice} title={title} />}
        <RandomAction choice={choice} title={title} />
        {transfer?.status !== 'running' && actions}
      </div>
    </li>
  );
}

interface TransferLineProps {
  readonly transfer: Extract<Transfer, { status: 'running' }>;
  readonly title: string;
  readonly onCancel: (() => void) | undefined;
}

function TransferLine({ transfer: { progress }, title, onCancel }: TransferLineProps) {
  const labelId = useId();
  const bytes = progress?.stage === 'transfer' && progress.totalBytes !== null ? progress : null;
  return (
    <div className="model-transfer">
      <span id={labelId}>{describeTransfer(progress)}</span>
      <progress
        aria-labelledby={labelId}
        {...(bytes ? { value: bytes.loadedBytes, max: bytes.totalBytes ?? 1 } : {})}
      />
      {onCancel !== undefined && (
        <IconButton icon={X} label={`Cancel ${title}`} className="model-cancel" onClick={onCancel} />
      )}
    </div>
  );
}

/** The model that is being loaded to replace the one in use. */
const nextInUse = ({ models: { next } }: AppState): ModelSwitch | null =>
  next?.purpose === 'use' ? next : null;

function UseAction({ choice, title }: { readonly choice: ModelChoice; readonly title: string }) {
  const { library, session } = useServices();
  const isUsed = useApp((state) => isSameChoice(state.models.used?.choice ?? null, choice));
  const modelSwitch = useApp((state) => {
    const next = nextInUse(state);
    return isSameChoice(next?.choice ?? null, choice) ? next : null;
  });
  if (modelSwitch !== null)
    return (
      <>
        <span className="model-word">{describeSwitch(modelSwitch)}</span>
        <IconButton icon={X} label="Cancel" withText onClick={() => session.cancelModelSwitch()} />
      </>
    );
  if (isUsed)
    return (
      <span className="model-used">
        <Check aria-hidden="true" />
        In use
      </span>
    );
  return (
    <IconButton
      icon={Play}
      label="Use"
      withText
      aria-label={`Use ${title}`}
      onClick={() => void library.use(choice)}
    />
  );
}

/** The same network with random weights. Each press takes other ones. */
function RandomAction({ choice, title }: { readonly choice: ModelChoice; readonly title: string }) {
  const { library, session } = useServices();
  const seedOf = (each: ModelChoice | undefined): number | undefined =>
    isOfSameFiles(each ?? null, choice) ? each?.seed : undefined;
  const used = useApp((state) => seedOf(state.models.used?.choice));
  const loading = useApp((state) => {
    const next = nextInUse(state);
    return seedOf(next?.choice) === undefined ? null : next;
  });
  if (loading !== null)
    return (
      <>
        <span className="model-word">{describeSwitch(loading)}</span>
        <IconButton icon={X} label="Cancel" withText onClick={() => session.cancelModelSwitch()} />
      </>
    );
  const label = used === undefined ? 'Random weights' : 'Other random weights';
  return (
    <>
      {used !== undefined && (
        <span className="model-used">
          <Check aria-hidden="true" />
          In use with random weights
        </span>
      )}
      <IconButton
        icon={Dices}
        label={`${label}: ${title}`}
        title={`${label}: what this network sees before any training`}
        onClick={() => void library.use({ ...choice, seed: used === undefined ? firstSeed : used + 1 })}
      />
    </>
  );
}

interface DeleteActionProps {
  readonly title: string;
  readonly id: string;
  /** The size, shown in the question. */
  readonly size: string;
}

/**
 * Asks before it deletes, since the download may have taken long. The model in use cannot be deleted; the page says so.
 */
export function DeleteAction({ title, id, size }: DeleteActionProps) {
  const { library } = useServices();
  const [asks, setAsks] = useState(false);
  const isUsed = useApp((state) => isOfSameFiles(state.models.used?.choice ?? null, { kind: 'stored', id }));
  if (!asks) return <IconButton icon={Trash2} label={`Delete ${title}`} onClick={() => setAsks(true)} />;
  if (isUsed)
    return (
      <div className="model-question" role="group" aria-label={`Delete ${title}`}>
        <p>It is in use. Use another model first, then delete this one.</p>
        <IconButton icon={Check} label="I see" withText onClick={() => setAsks(false)} />
      </div>
    );
  return (
    <div className="model-question" role="group" aria-label={`Delete ${title}`}>
      <p>Throw {size} away?</p>
      <IconButton icon={Trash2} label="Delete" withText onClick={() => void library.remove(id)} />
      <IconButton icon={X} label="Keep" withText onClick={() => setAsks(false)} />
    </div>
  );
}
