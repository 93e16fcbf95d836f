import { FolderOpen, Trash2, Undo2 } from 'lucide-react';
import { type KeyboardEvent, useRef, useState } from 'react';
import { formatBytes } from '../../core/bytes.ts';
import { describeFailure } from '../../core/failure.ts';
import { describeNotKept } from '../../core/not-kept.ts';
import type { StoredCollection, UnreadableCollection } from '../../rpc/recognise-contract.ts';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useKeptFocus } from '../kit/use-kept-focus.ts';
import { useRecognise, useServices } from '../services.tsx';
import './collection-list.css';

interface RowProps {
  readonly collection: StoredCollection | UnreadableCollection;
}

function describe(collection: StoredCollection): string {
  const { items, failed, classNames, modelTitle, settings, savedAt, byteLength } = collection;
  return [
    countOf(items - failed, 'photograph'),
    countOf(classNames.length, 'class', 'classes'),
    `${modelTitle}, block ${settings.block}`,
    new Date(savedAt).toLocaleString(),
    formatBytes(byteLength),
  ].join(', ');
}

function Row({ collection }: RowProps) {
  const { recognise } = useServices();
  const [isAsking, setAsking] = useState(false);
  const isBusy = useRecognise(({ isOpening, gathering }) => isOpening || gathering !== null);
  const row = useRef<HTMLLIElement>(null);
  useKeptFocus(row);
  const title = collection.title ?? 'A collection';
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !isAsking) return;
    event.preventDefault();
    setAsking(false);
  };
  return (
    <li className="kept-collection" ref={row} aria-label={title} onKeyDown={leave}>
      <div>
        <strong>{title}</strong>
        <p>
          {'items' in collection
            ? describe(collection)
            : 'This collection is damaged, or of another version of this page. It is left as it is.'}
        </p>
      </div>
      <div className="side-buttons">
        {isAsking ? (
          <>
            <IconButton
              icon={Trash2}
              label="Delete it"
              withText
              onClick={() => void recognise.removeCollection(collection)}
            />
            <IconButton icon={Undo2} label="Keep it" withText onClick={() => setAsking(false)} />
          </>
        ) : (
          <>
            {'items' in collection && (
              <IconButton
                icon={FolderOpen}
                label="Open"
                withText
                aria-label={`Open ${title}`}
                disabled={isBusy}
                onClick={() => void recognise.openCollection(collection.id)}
              />
            )}
            <IconButton icon={Trash2} label={`Delete ${title}`} onClick={() => setAsking(true)} />
          </>
        )}
      </div>
    </li>
  );
}

/** The collections that this browser keeps. */
export function CollectionList() {
  const list = useRecognise((state) => state.list);
  const failure = useRecognise((state) => state.listFailure);
  if (list === null)
    return failure === null ? null : <p className="side-failure">{describeFailure(failure)}</p>;
  const count = list.collections.length + list.unreadable.length;
  return (
    <section className="kept-collections" aria-labelledby="collections-title">
      {list.notKept !== null && (
        <p className="side-note">{describeNotKept(list.notKept)} A collection lasts as long as the visit.</p>
      )}
      {count > 0 && (
        <>
          <h3 id="collections-title">Kept in this browser</h3>
          <ul>
            {list.collections.map((collection) => (
              <Row key={collection.id} collection={collection} />
            ))}
            {list.unreadable.map((collection) => (
              <Row key={collection.id} collection={collection} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
