import { countOf } from '../../core/count-of.ts';
import type { Services } from '../services.tsx';

/** Empties the film strip. A message offers to put back what was in it, masks and selection too. */
export function removeAll({ store, session, masks }: Pick<Services, 'store' | 'session' | 'masks'>): void {
  const { photos, order, selectedId, say } = store.getState();
  const removed = order.flatMap((id) => photos[id] ?? []);
  const given = removed.flatMap(({ mask }) => mask ?? []);
  const selected = selectedId === null ? undefined : photos[selectedId]?.blob;
  /** @returns whether it is in the strip again */
  const select = (): boolean => {
    const now = store.getState();
    const found = now.order.find((id) => now.photos[id]?.blob === selected);
    if (found !== undefined) now.select(found);
    return found !== undefined;
  };
  const putBack = async (): Promise<void> => {
    const added = masks.add([
      ...removed.map(({ name, alt, credit, blob, className }) => ({
        name,
        alt,
        credit,
        blob,
        ...(className === undefined ? {} : { className }),
      })),
      ...given.map(({ name, blob }) => ({ name, alt: null, credit: null, blob })),
    ]);
    await session.whenAdded();
    if (select()) return;
    // A PNG with a photograph's name is first tried as its mask.
    await added;
    select();
  };
  session.removeAll();
  say(`${countOf(removed.length, 'file')} removed.`, 'plain', {
    does: 'undo',
    label: 'Put back',
    take: () => void putBack(),
  });
}
