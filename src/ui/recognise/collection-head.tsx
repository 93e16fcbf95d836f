import { ArrowLeft, Check, Pencil, RefreshCw, X } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { isSameSource, sourceOf, titleBeside } from '../../core/recognition.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useKeptFocus } from '../kit/use-kept-focus.ts';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import { countOf } from '../../core/count-of.ts';
import { AddPhotographs } from './add-photographs.tsx';
import { GatheringLine } from './gathering-line.tsx';
import type { OpenCollection } from './recognise-state.ts';
import { settingsFor } from './usual-settings.ts';

function Title({ title }: { readonly title: string }) {
  const { recognise } = useServices();
  const [isEditing, setEditing] = useState(false);
  const row = useRef<HTMLDivElement>(null);
  useKeptFocus(row);
  const rename = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get('title');
    if (typeof name === 'string') void recognise.renameCollection(name);
    setEditing(false);
  };
  return (
    <div ref={row} className="collection-name">
      {isEditing ? (
        <form
          className="collection-title"
          onSubmit={rename}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            setEditing(false);
          }}
        >
          <h2 className="visually-hidden">{title}</h2>
          <input
            name="title"
            type="text"
            aria-label="Name of the collection"
            defaultValue={title}
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the person has just asked to rename it
            autoFocus
          />
          <IconButton icon={Check} type="submit" label="Keep the name" />
        </form>
      ) : (
        <div className="collection-title">
          <h2 title={title}>{title}</h2>
          <IconButton icon={Pencil} label="Rename the collection" onClick={() => setEditing(true)} />
        </div>
      )}
    </div>
  );
}

/** The features are of another model than the one in use: neither votes nor new photographs would go together. */
function OtherModel({ open }: { readonly open: OpenCollection }) {
  const { recognise } = useServices();
  const used = useApp((state) => state.models.used);
  const isGathering = useRecognise((state) => state.gathering !== null);
  if (used === null) return null;
  const source = sourceOf(used.key, used.description);
  if (isSameSource(open.kept, source)) return null;
  const atHand = open.files.count(open.items);
  return (
    <div className="side-failure other-model">
      <WarningMark />
      <p>
        These features are of {titleBeside(open.kept, source)}; in use is {used.description.title}. They still
        vote; to add photographs, use that model again (M), or compute everything anew.
        {atHand === 0 && ' The files are not at hand: add the folders again for that, as a new collection.'}
      </p>
      {atHand > 0 && (
        <IconButton
          icon={RefreshCw}
          label={`Compute ${countOf(atHand, 'photograph')} anew`}
          withText
          disabled={isGathering}
          onClick={() => void recognise.computeAnew(settingsFor(open.kept.settings, used.description))}
        />
      )}
    </div>
  );
}

/** What went wrong, and what an earlier visit left unfinished. */
function Alerts({ open }: { readonly open: OpenCollection }) {
  const { recognise } = useServices();
  const failure = useRecognise((state) => state.failure);
  const wanted = useRecognise((state) => state.wanted);
  return (
    <div className="collection-alerts" role="status">
      {failure !== null && (
        <div className="side-failure">
          <WarningMark />
          <p>{describeFailure(failure)}</p>
          <IconButton icon={X} label="Dismiss" onClick={() => recognise.dismissFailure()} />
        </div>
      )}
      {wanted !== null && (
        <div className="side-failure">
          <WarningMark />
          <p>
            {open.items.length} of {countOf(wanted, 'photograph')} had come when the page was closed. Add the
            same folders again: it goes on from there.
          </p>
          <IconButton icon={X} label="Dismiss" onClick={() => recognise.dismissFailure()} />
        </div>
      )}
    </div>
  );
}

/** The collection's name, the ways to add photographs, and what there is to know. */
export function CollectionHead({
  open,
  onAdd,
}: {
  readonly open: OpenCollection;
  readonly onAdd: () => void;
}) {
  const { recognise } = useServices();
  const isGathering = useRecognise((state) => state.gathering !== null);
  return (
    <header className="collection-head">
      <div className="collection-line">
        <IconButton
          icon={ArrowLeft}
          label="All collections"
          disabled={isGathering}
          onClick={() => recognise.closeCollection()}
        />
        <Title key={open.kept.id} title={open.kept.title} />
        {isGathering ? <GatheringLine /> : <AddPhotographs onAdd={onAdd} isFirst={false} />}
      </div>
      <OtherModel open={open} />
      <Alerts open={open} />
    </header>
  );
}
