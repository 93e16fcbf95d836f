import { FolderOpen } from 'lucide-react';
import { formatBytes } from '../../core/bytes.ts';
import { describeFailure } from '../../core/failure.ts';
import { describeNotKept } from '../../core/not-kept.ts';
import type { StoredCollection, UnreadableCollection } from '../../rpc/recognise-contract.ts';
import { countOf } from '../../core/count-of.ts';
import { DeleteQuestion } from '../kit/delete-question.tsx';
import { IconButton } from '../kit/icon-button.tsx';
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
  const isBusy = useRecognise(({ isOpening, gathering }) => isOpening || gathering !== null);
  const title = collection.title ?? 'A collection';
  return (
    <li className="kept-collection" aria-label={title}>
      <div>
        <strong>{title}</strong>
        <p>
          {'items' in collection
            ? describe(collection)
            : 'This collection is damaged, or of another version of this page. It is left as it is.'}
        </p>
      </div>
      <DeleteQuestion
        label={`Delete ${title}`}
        className="side-buttons"
        onDelete={() => recognise.removeCollection(collection)}
      >
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
      </DeleteQuestion>
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
