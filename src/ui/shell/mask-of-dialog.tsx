import { Dialog } from '../kit/dialog.tsx';
import { useApp, useServices } from '../services.tsx';
import { Thumbnail } from './film-strip.tsx';
import './mask-of-dialog.css';

/** Chooses the photograph that the selected picture is the mask of. */
export function MaskOfDialog({ onClose }: { readonly onClose: () => void }) {
  const { masks } = useServices();
  const order = useApp((state) => state.order);
  const photos = useApp((state) => state.photos);
  const picture = useApp((state) => (state.selectedId === null ? undefined : state.photos[state.selectedId]));
  if (picture === undefined) return null;
  const others = order.flatMap((id) => (id === picture.id ? [] : (photos[id] ?? [])));
  return (
    <Dialog title={`${picture.name} is the mask of …`} onClose={onClose}>
      <p className="mask-of-dialog-words">
        A mask is a PNG of the photograph’s shape: black, and one colour for each object. The picture leaves
        the strip, and the details of the photograph say how well what is shown fits it.
      </p>
      <ul className="mask-of-dialog-photographs">
        {others.map(({ id, name }) => (
          <li key={id}>
            <button
              type="button"
              className="mask-of-dialog-photograph"
              onClick={() => {
                onClose();
                void masks.assign(picture.id, id);
              }}
            >
              <span className="mask-of-dialog-picture">
                <Thumbnail id={id} />
              </span>
              <span>{name}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
