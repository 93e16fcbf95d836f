import { useMemo } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { countOf } from '../kit/format.ts';
import { useRecognise } from '../services.tsx';

const shownFiles = 200;

/** The files that could not be used, and why. The others are there. */
export function FailedFiles() {
  const items = useRecognise((state) => state.open?.items);
  const failed = useMemo(() => (items ?? []).filter(({ failure }) => failure !== null), [items]);
  if (failed.length === 0) return null;
  return (
    <Disclosure title={`${countOf(failed.length, 'file')} could not be used`} className="failed-files">
      <ul>
        {failed.slice(0, shownFiles).map(({ index, path, failure }) => (
          <li key={index}>
            <strong>{path}</strong> {failure === null ? '' : describeFailure(failure)}
          </li>
        ))}
      </ul>
      {failed.length > shownFiles && <p className="side-note">And {failed.length - shownFiles} more.</p>}
    </Disclosure>
  );
}
