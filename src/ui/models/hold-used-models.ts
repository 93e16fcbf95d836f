/**
 * While this window computes with a kept model, or brings it into the engine, no other window deletes it: its engine reads the files again
 * whenever it starts anew. The browser lets go of it where the window is closed or crashes.
 */
import { lockName, inUseLockOf } from '../../core/model-locks.ts';
import type { AppStore } from '../state/app-store.ts';

type Release = () => void;

/** @returns lets go of it, also before it was had */
function hold(locks: LockManager, id: string): Release {
  let release: Release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  // Where the window is going away the browser refuses: nobody computes then.
  locks.request(lockName(inUseLockOf(id)), { mode: 'shared' }, () => released).catch(() => {});
  return release;
}

/** @param locks undefined on pages without https, which share no storage between windows in a way that we could guard */
export function holdUsedModels(
  store: AppStore,
  locks: LockManager | undefined = (globalThis.navigator as Partial<Navigator> | undefined)?.locks,
): void {
  if (locks === undefined) return;
  const held = new Map<string, Release>();
  store.subscribe(({ models }) => {
    const ids = new Set(
      [models.used?.choice, models.next?.choice].flatMap((choice) =>
        choice?.kind === 'stored' ? [choice.id] : [],
      ),
    );
    for (const id of ids) if (!held.has(id)) held.set(id, hold(locks, id));
    for (const [id, release] of held) {
      if (ids.has(id)) continue;
      held.delete(id);
      release();
    }
  });
}
