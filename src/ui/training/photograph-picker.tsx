import { ImagePlus, Images, Pin, Tags } from 'lucide-react';
import { useMemo } from 'react';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useRecognise, useServices, useTraining } from '../services.tsx';
import { Thumbnail } from '../shell/film-strip.tsx';
import { type PhotoId, readableOf } from '../state/photo.ts';
import { chosenPhotographs } from './chosen-photographs.ts';
import './photograph-picker.css';

function PickedPhotograph({ id, isPinned }: { readonly id: PhotoId; readonly isPinned: boolean }) {
  const photo = useApp((state) => state.photos[id]);
  const isIn = useTraining(({ setup }) => !setup.leftOut.has(id));
  const { training } = useServices();
  if (!photo) return null;
  return (
    <li className="pick" data-in={isIn} data-pinned={isPinned}>
      <label className="pick-label" title={photo.name}>
        <input
          type="checkbox"
          className="covering-input"
          checked={isIn}
          aria-label={photo.name}
          onChange={(event) => training.include(id, event.currentTarget.checked)}
        />
        <span className="pick-window">
          <Thumbnail id={id} />
        </span>
        <span className="pick-check" aria-hidden="true" />
      </label>
      <button
        type="button"
        className="pick-pin"
        aria-pressed={isPinned}
        aria-label={`Pin ${photo.name}: follow its attention`}
        title="Pin: follow its attention while the run goes on"
        disabled={!isIn}
        onClick={() => training.pin(id)}
      >
        <Pin aria-hidden="true" />
      </button>
    </li>
  );
}

/** The choice of the photographs to train on, and of the pinned one, whose attention is shown during the run. */
export function PhotographPicker({ onAdd }: { readonly onAdd: () => void }) {
  const order = useApp((state) => state.order);
  const photos = useApp((state) => state.photos);
  const setup = useTraining((state) => state.setup);
  const setDialog = useApp((state) => state.setDialog);
  const { recognise } = useServices();
  const collection = useRecognise((state) => state.open);
  const atHand = useMemo(() => collection?.files.count(collection.items) ?? 0, [collection]);
  const { photographs, pinned } = chosenPhotographs({ order, photos }, setup);
  const pinnedId = photographs[pinned]?.id ?? null;
  const readable = readableOf(order, photos).map(({ id }) => id);
  const unreadable = order.length - readable.length;
  return (
    <section className="setup-photographs" aria-labelledby="pick-title">
      <div className="setup-head">
        <h3 id="pick-title">1. Photographs</h3>
        <span className="training-note">
          {readable.length === 0 ? '' : `${photographs.length} of ${countOf(readable.length, 'photograph')}`}
        </span>
        <IconButton icon={ImagePlus} label="Add" withText onClick={onAdd} />
        <IconButton icon={Images} label="Samples" withText onClick={() => setDialog('samples')} />
        {collection !== null && atHand > 0 && (
          <IconButton
            icon={Tags}
            label="Use this collection"
            withText
            title={`${countOf(atHand, 'photograph')} of “${collection.kept.title}”, with their classes`}
            onClick={() => recognise.giveToTraining()}
          />
        )}
      </div>
      {readable.length === 0 ? (
        <p className="picks-empty">Drop a dozen photographs anywhere on the page, or take samples.</p>
      ) : (
        <fieldset className="picks">
          <legend className="visually-hidden">Photographs to learn from</legend>
          <ol>
            {readable.map((id) => (
              <PickedPhotograph key={id} id={id} isPinned={id === pinnedId} />
            ))}
          </ol>
        </fieldset>
      )}
      {unreadable > 0 && (
        <p className="training-note">
          {`${countOf(unreadable, 'file')} that cannot be read ${unreadable === 1 ? 'is' : 'are'} left out.`}
        </p>
      )}
      <p className="training-note">
        The pinned photograph’s attention is followed step by step. Photographs stay on this machine; shrunken
        copies are kept in this browser with the run, until you delete it.
      </p>
    </section>
  );
}
