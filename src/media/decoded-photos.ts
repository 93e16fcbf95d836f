/**
 * Decodes a photograph once for all its users: the network, the stage and the film strip need it within a few seconds.
 * It is kept only for these seconds, since a camera's photograph takes a hundred megabytes.
 */
import type { Failure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import type { DecodedPhoto } from './decode-photo.ts';

/**
 * A photograph and its name. A blob that is posted to another thread is a new object each time, so it cannot be the
 * key.
 */
interface NamedPhoto {
  readonly id: string;
  readonly photo: Blob;
}

export interface DecodedPhotos {
  /**
   * Decodes the photograph, or uses a copy that is decoded or being decoded. It is closed some time after `work` has ended.
   * @param urgency 'now' for the network; 'when-free' for the screen, where only a few are decoded at a time
   */
  use<T>(
    photo: NamedPhoto,
    urgency: 'now' | 'when-free',
    work: (decoded: DecodedPhoto) => Promise<T>,
  ): Promise<Result<T, Failure>>;
  /** Starts decoding the photograph that is needed next. Browsers decode outside of the worker's thread. */
  begin(photo: NamedPhoto): void;
}

export interface DecodedPhotosOptions {
  /** Decoded photographs that are not in use may take this much together; the oldest is closed first. The last one used stays, whatever its size. */
  readonly budgetBytes?: number;
  /** How long a photograph that is not in use is kept, ms. */
  readonly keepMs?: number;
  /** The most photographs decoded for the screen at once: twenty camera photographs would take a gigabyte. */
  readonly atOnce?: number;
}

interface Entry {
  readonly decoded: Promise<Result<DecodedPhoto, Failure>>;
  users: number;
  /** 0 until it is known. */
  byteLength: number;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Work that waits for its turn. The latest request comes first, since the person is looking at that photograph. */
function createGate(atOnce: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  const leave = (): void => {
    const next = waiting.pop();
    // It takes over this place: a place that were free for a moment could be taken twice.
    if (next === undefined) running -= 1;
    else next();
  };
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) await new Promise<void>((resolve) => void waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

export function createDecodedPhotos(
  open: (photo: Blob) => Promise<Result<DecodedPhoto, Failure>>,
  { budgetBytes = 96e6, keepMs = 4000, atOnce = 2 }: DecodedPhotosOptions = {},
): DecodedPhotos {
  /** The most recently used entry is last. */
  const entries = new Map<string, Entry>();
  const whenFree = createGate(atOnce);

  const drop = (id: string, entry: Entry): void => {
    if (entry.timer !== null) clearTimeout(entry.timer);
    if (entries.get(id) === entry) entries.delete(id);
    void entry.decoded.then(
      (result) => result.ok && result.value.close(),
      () => {}, // the caller gets the error
    );
  };

  const dropBeyondBudget = (): void => {
    const resting = [...entries].filter(([, { users }]) => users === 0);
    let total = resting.reduce((sum, [, { byteLength }]) => sum + byteLength, 0);
    // The last one is what is needed next.
    for (const [id, entry] of resting.slice(0, -1)) {
      if (total <= budgetBytes) return;
      total -= entry.byteLength;
      drop(id, entry);
    }
  };

  const rest = (id: string, entry: Entry): void => {
    entry.users -= 1;
    if (entry.users > 0 || entries.get(id) !== entry) return;
    entries.delete(id);
    entries.set(id, entry);
    entry.timer = setTimeout(() => drop(id, entry), keepMs);
    dropBeyondBudget();
  };

  /** Counts the caller as a user. */
  const enter = ({ id, photo }: NamedPhoto): Entry => {
    const known = entries.get(id);
    if (known !== undefined) {
      if (known.timer !== null) clearTimeout(known.timer);
      known.timer = null;
      known.users += 1;
      return known;
    }
    const entry: Entry = { decoded: open(photo), users: 1, byteLength: 0, timer: null };
    entries.set(id, entry);
    // A failed entry is removed, so that the next request reads the file again.
    const forget = (): void => void (entries.get(id) === entry && entries.delete(id));
    entry.decoded.then((result) => result.ok || forget(), forget);
    return entry;
  };

  const work = async <T>(
    photo: NamedPhoto,
    task: (decoded: DecodedPhoto) => Promise<T>,
  ): Promise<Result<T, Failure>> => {
    const entry = enter(photo);
    try {
      const result = await entry.decoded;
      if (!result.ok) return result;
      const { height, width } = result.value.sizePx;
      entry.byteLength = height * width * 4;
      return succeed(await task(result.value));
    } finally {
      rest(photo.id, entry);
    }
  };

  return {
    use(photo, urgency, task) {
      if (urgency === 'now' || entries.has(photo.id)) return work(photo, task);
      return whenFree(() => work(photo, task));
    },
    begin(photo) {
      // A failure is reported when the photograph is used.
      work(photo, () => Promise.resolve()).catch(() => {});
    },
  };
}
