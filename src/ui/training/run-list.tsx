import { ChartLine, Download, Play } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { formatBytes } from '../../core/bytes.ts';
import { describeFailure, type Failure } from '../../core/failure.ts';
import { describeNotKept } from '../../core/not-kept.ts';
import type { RunList, StoredRun, UnreadableRun } from '../../rpc/training-contract.ts';
import { DeleteQuestion } from '../kit/delete-question.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { useKeptFocus } from '../kit/use-kept-focus.ts';
import { useApp, useServices, useTraining } from '../services.tsx';
import { countOf } from '../../core/count-of.ts';
import './run-list.css';

interface RunRowProps {
  readonly run: StoredRun;
  /** Whether its curves are to be drawn over others'. */
  readonly isMarked: boolean;
  readonly onMark: (isMarked: boolean) => void;
}

function RunRow({ run, isMarked, onMark }: RunRowProps) {
  const { training } = useServices();
  const isReady = useApp((state) => state.engine.status === 'ready');
  const { title, step, configuration, photographs, modelTitle, savedAt, byteLength } = run;
  const isOver = step >= configuration.steps;
  return (
    <li className="kept-run" aria-label={`${title}, step ${step}`}>
      <div>
        <strong>{title}</strong>
        <p>
          Step {step} of {configuration.steps}, {countOf(photographs.length, 'photograph')}, {modelTitle},{' '}
          {new Date(savedAt).toLocaleString()}, {formatBytes(byteLength)}
        </p>
      </div>
      <DeleteQuestion
        label={`Delete ${title}, step ${step}`}
        className="kept-run-actions"
        onDelete={() => training.remove(run)}
      >
        {step > 0 && (
          <label className="kept-run-mark">
            <input
              type="checkbox"
              checked={isMarked}
              aria-label={`Compare the curves of ${title}, step ${step}`}
              onChange={(event) => onMark(event.currentTarget.checked)}
            />
            Compare
          </label>
        )}
        <IconButton
          icon={Play}
          label={isOver ? 'Open' : 'Resume'}
          withText
          disabled={!isReady}
          aria-label={`${isOver ? 'Open' : 'Resume'} ${title}, step ${step}`}
          onClick={() => void training.resume(run)}
        />
        <IconButton
          icon={Download}
          label={`Save ${title}, step ${step}, as a file`}
          onClick={() => void training.save(run, 'run')}
        />
      </DeleteQuestion>
    </li>
  );
}

function UnreadableRow({ run }: { readonly run: UnreadableRun }) {
  const { training } = useServices();
  const title = run.title ?? 'A run';
  return (
    <li className="kept-run" aria-label={title}>
      <div>
        <strong>{title}</strong>
        <p>This run is damaged, or of another version of this page. It is left as it is.</p>
      </div>
      <DeleteQuestion
        label={`Delete ${title}`}
        className="kept-run-actions"
        onDelete={() => training.remove(run)}
      />
    </li>
  );
}

function listTitle(list: RunList | null, failure: Failure | null): string {
  if (list === null) return failure === null ? 'Looking for kept runs …' : 'Kept runs cannot be listed now';
  return list.runs.length > 0 ? 'Go on with a run' : 'No run is kept yet';
}

/** Stored runs that can be resumed. */
export function KeptRuns({ fileButton }: { readonly fileButton: ReactNode }) {
  const list = useTraining((state) => state.list);
  const { training } = useServices();
  const failure = useTraining((state) => state.listFailure);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const mark = (id: string, isMarked: boolean): void => {
    const others = [...marked].filter((each) => each !== id);
    setMarked(new Set(isMarked ? [...others, id] : others));
  };
  const compared = list?.runs.filter(({ id }) => marked.has(id)) ?? [];
  // A restarted worker may have other runs, or none.
  const engine = useApp((state) => state.engine.status);
  useEffect(() => void training.refresh(), [training, engine]);
  const section = useRef<HTMLElement>(null);
  // The row of a run that is deleted goes, and with it what had the focus.
  useKeptFocus(section);
  return (
    <section aria-labelledby="runs-title" className="kept-runs" ref={section} tabIndex={-1}>
      <div className="setup-head">
        <h3 id="runs-title">{listTitle(list, failure)}</h3>
        {compared.length > 0 && (
          <IconButton
            icon={ChartLine}
            label={`Compare ${countOf(compared.length, 'run')}`}
            withText
            onClick={() => void training.overlayRuns(compared)}
          />
        )}
        {fileButton}
      </div>
      {list === null && failure !== null && <p className="training-note">{describeFailure(failure)}</p>}
      {list !== null && list.notKept !== null && (
        <p className="training-note">{describeNotKept(list.notKept)} A run lasts as long as the visit.</p>
      )}
      {list !== null && list.runs.length + list.unreadable.length > 0 && (
        <ul>
          {list.runs.map((run) => (
            <RunRow
              key={run.id}
              run={run}
              isMarked={marked.has(run.id)}
              onMark={(isMarked) => mark(run.id, isMarked)}
            />
          ))}
          {list.unreadable.map((run) => (
            <UnreadableRow key={run.id} run={run} />
          ))}
        </ul>
      )}
    </section>
  );
}
