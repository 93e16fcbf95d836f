import { useMemo } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { countOf } from '../../core/count-of.ts';
import { useRecognise } from '../services.tsx';
import { foldersWithoutPhotographs } from './recognise-state.ts';

const shownFiles = 200;

const titleFor = (failed: number, folders: readonly string[]): string => {
  const files = `${countOf(failed, 'file')} could not be used`;
  if (folders.length === 0) return files;
  const names = folders.map((name) => `“${name}”`).join(', ');
  return `${files}; ${names} ${folders.length === 1 ? 'has' : 'have'} no photograph and ${folders.length === 1 ? 'is no class' : 'are no classes'}`;
};

/** The files that could not be used, and why. The others are there. @param isOpen whether the reasons are shown at first */
export function FailedFiles({ isOpen = false }: { readonly isOpen?: boolean }) {
  const items = useRecognise((state) => state.open?.items);
  const failed = useMemo(() => (items ?? []).filter(({ failure }) => failure !== null), [items]);
  const folders = useMemo(() => foldersWithoutPhotographs(items ?? []), [items]);
  if (failed.length === 0) return null;
  return (
    <Disclosure title={titleFor(failed.length, folders)} className="failed-files" isOpen={isOpen}>
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
