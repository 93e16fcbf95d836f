/**
 * Locks the kept models that this window uses or loads, so that no other window deletes them: the engine reads the files again at each
 * restart. The browser releases the lock when the window is closed or crashes.
 */
import { lockName, inUseLockOf } from '../../core/model-locks.ts';
import type { AppStore } from '../state/app-store.ts';

type Release = () => void;

/** @returns a function that releases the lock, also before it was granted */
function hold(locks: LockManager, id: string): Release {
  let release: Release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  // The browser refuses while the window is closing; the lock is not needed then.
  locks.request(lockName(inUseLockOf(id)), { mode: 'shared' }, () => released).catch(() => {});
  return release;
}

/** @param locks undefined on pages without https, where shared storage cannot be locked */
export function holdUsedModels(
  store: AppStore,
  locks: LockManager | undefined = (globalThis.navigator as Partial<Navigator> | undefined)?.locks,
): void {
  if (locks === undefined) return;
  const held = new Map<string, Release>();
  store.subscribe(({ models, against }) => {
    const ids = new Set(
      [models.used?.choice, models.next?.choice, against?.model?.choice].flatMap((choice) =>
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
