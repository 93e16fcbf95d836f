import { ImagePlus, Images, Pin } from 'lucide-react';
import { countOf } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useServices, useTraining } from '../services.tsx';
import { Thumbnail } from '../shell/film-strip.tsx';
import type { PhotoId } from '../state/photo.ts';
import { canBeLearned, chosenPhotographs } from './chosen-photographs.ts';
import './photograph-picker.css';

function PickedPhotograph({ id, isPinned }: { readonly id: PhotoId; readonly isPinned: boolean }) {
  const photo = useApp((state) => state.photos[id]);
  const isIn = useTraining(({ setup }) => !setup.leftOut.has(id));
  const { training } = useServices();
  if (!photo) return null;
  const usable = canBeLearned(photo);
  return (
    <li className="pick" data-in={isIn && usable} data-pinned={isPinned}>
      <label className="pick-label" title={usable ? photo.name : `${photo.name} cannot be read`}>
        <input
          type="checkbox"
          className="covering-input"
          checked={isIn && usable}
          disabled={!usable}
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
        disabled={!isIn || !usable}
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
  const { photographs, pinned } = chosenPhotographs({ order, photos }, setup);
  const pinnedId = photographs[pinned]?.id ?? null;
  return (
    <section className="setup-photographs" aria-labelledby="pick-title">
      <div className="setup-head">
        <h3 id="pick-title">1 Photographs</h3>
        <span className="training-note">
          {order.length === 0 ? '' : `${photographs.length} of ${countOf(order.length, 'photograph')}`}
        </span>
        <IconButton icon={ImagePlus} label="Add" withText onClick={onAdd} />
        <IconButton icon={Images} label="Samples" withText onClick={() => setDialog('samples')} />
      </div>
      {order.length === 0 ? (
        <p className="picks-empty">Drop a dozen photographs anywhere on the page, or take samples.</p>
      ) : (
        <fieldset className="picks">
          <legend className="visually-hidden">Photographs to learn from</legend>
          <ol>
            {order.map((id) => (
              <PickedPhotograph key={id} id={id} isPinned={id === pinnedId} />
            ))}
          </ol>
        </fieldset>
      )}
      <p className="training-note">
        The pinned photograph’s attention is followed step by step. Photographs stay on this machine; shrunken
        copies are kept in this browser with the run, until you delete it.
      </p>
    </section>
  );
}
