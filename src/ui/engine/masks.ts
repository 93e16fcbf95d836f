/**
 * Masks that people drop beside photographs. A PNG with a photograph's name is its mask where its pixels say so; otherwise
 * it is a photograph like any other. The engine's worker reads and counts; state is in the store.
 */
import { isPngName, sharedFolders, stemOf } from '../../core/file-names.ts';
import { describeFailure } from '../../core/failure.ts';
import type { MaskGrid } from '../../core/found-mask.ts';
import { formatSize } from '../../core/geometry.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { NewPhoto, Photo, PhotoId, PhotoMask } from '../state/photo.ts';
import type { EngineSession } from './session.ts';
import { withUnit } from '../../core/with-unit.ts';

export interface Masks {
  /** Adds pictures to the strip, masks to their photographs. */
  add(pictures: readonly NewPhoto[]): Promise<void>;
  /** A picture of the strip becomes the mask of a photograph, and leaves the strip. A message says what was done. */
  assign(picture: PhotoId, photo: PhotoId): Promise<void>;
  /** The photograph's mask becomes a picture of the strip again. */
  release(photo: PhotoId): void;
  /** Counts the photograph's mask on the grid, unless that was done or is being done. */
  count(photo: PhotoId, grid: MaskGrid): void;
}

export const keyOfGrid = ({ rows, columns, box: { top, left, height, width } }: MaskGrid): string =>
  [rows, columns, top, left, height, width].join(' ');

/** A folder's or a drop's path, where the browser tells it. */
const pathOf = ({ blob, name }: Pick<Photo, 'blob' | 'name'>): string => {
  const { path, webkitRelativePath }: { path?: string; webkitRelativePath?: string } = blob as File;
  return path ?? (webkitRelativePath || name);
};

/** What became of a picture that was tried as a mask; a sentence says it. */
interface Tried {
  readonly isMask: boolean;
  readonly sentence: string;
}

/** Refusals beyond this are counted instead of said. */
const mostSentences = 2;

const whereScores = 'The details say how well what is shown fits.';

export function createMasks(
  client: EngineClient,
  store: AppStore,
  session: Pick<EngineSession, 'add' | 'whenAdded' | 'remove'>,
): Masks {
  let masksMade = 0;
  const counting = new Set<string>();

  const say = (text: string, isProblem = false): void =>
    void store.getState().say(text, isProblem ? 'warning' : 'plain');

  /** A mask becomes a picture of the strip. */
  const backToStrip = ({ name, blob }: PhotoMask): void =>
    session.add([{ name, alt: null, credit: null, blob }], false);

  /**
   * Reads the picture as the photograph's mask, and makes it that where it is one.
   * @param isGuess whether only its name says so, and no person
   */
  const tryAs = async (picture: NewPhoto, photo: Photo, isGuess = true): Promise<Tried> => {
    const { name, blob } = picture;
    const no = (why: string): Tried => ({
      isMask: false,
      sentence: `${name} is no mask of ${photo.name}: ${why}. It stays a photograph.`,
    });
    const read = await client.call('readMask', { mask: blob, photo: photo.blob, isGuess });
    if (!read.ok) return no(describeFailure(read.error).replace(/\.$/, ''));
    const reading = read.value;
    if (reading.kind === 'no-mask') return no(reading.problem);
    if (reading.kind === 'other-shape')
      return no(
        `it has another shape, ${withUnit(formatSize(reading.maskPx), 'px')} where the photograph has ${formatSize(reading.photoPx)}`,
      );
    const photoNow = store.getState().photos[photo.id];
    if (photoNow === undefined) return no('the photograph was removed');
    masksMade += 1;
    const mask = { id: `mask-${masksMade}`, name, blob, facts: reading.facts, counts: new Map() };
    const earlier = photoNow.mask;
    store.getState().setMask(photo.id, mask);
    if (earlier !== null) backToStrip(earlier);
    return {
      isMask: true,
      sentence: `${name} is the mask of ${photo.name}.${earlier === null ? '' : ` ${earlier.name} is a photograph again.`}`,
    };
  };

  const inStrip = (): Photo[] => {
    const { order, photos } = store.getState();
    return order.flatMap((id) => photos[id] ?? []);
  };

  /** The photograph of this name, in the folders that are most alike; one that is no PNG, or has no mask yet, goes first. */
  const photographOf = (picture: Pick<Photo, 'name' | 'blob'>): Photo | undefined => {
    const likeness = (photo: Photo): number =>
      sharedFolders(pathOf(photo), pathOf(picture)) +
      (isPngName(photo.name) ? 0 : 0.5) +
      (photo.mask === null ? 0.25 : 0);
    return inStrip()
      .filter(({ name, blob }) => blob !== picture.blob && stemOf(name) === stemOf(picture.name))
      .toSorted((a, b) => likeness(b) - likeness(a))[0];
  };

  /** Many masks are told in one sentence: messages take room from the photograph. */
  const tell = (tried: readonly Tried[]): void => {
    const [masks, others] = [tried.filter(({ isMask }) => isMask), tried.filter(({ isMask }) => !isMask)];
    if (masks.length > 1)
      say(`${masks.length} masks were found by the names of their photographs. ${whereScores}`);
    else for (const { sentence } of masks) say(`${sentence} ${whereScores}`);
    if (others.length > mostSentences)
      say(`${others.length} PNG files have a photograph’s name and are no masks. They stay photographs.`);
    else for (const { sentence } of others) say(sentence);
  };

  /** @returns pictures that are added at once, and PNGs that may be masks of these, or of photographs in the strip */
  const sortOut = (pictures: readonly NewPhoto[]): { plain: NewPhoto[]; maybe: NewPhoto[] } => {
    const photographs = new Set(
      [...pictures.filter(({ name }) => !isPngName(name)), ...inStrip()].map(({ name }) => stemOf(name)),
    );
    const [plain, maybe]: [NewPhoto[], NewPhoto[]] = [[], []];
    for (const picture of pictures) {
      const stem = stemOf(picture.name);
      if (isPngName(picture.name) && photographs.has(stem)) maybe.push(picture);
      else plain.push(picture);
      // Of two PNGs of one name the first is taken for the photograph.
      photographs.add(stem);
    }
    return { plain, maybe };
  };

  /**
   * PNGs in the strip that may be masks of photographs that came with or after them.
   * @param triedAlready pictures that are known to be no masks
   */
  const masksBefore = async (
    pictures: readonly NewPhoto[],
    triedAlready: readonly NewPhoto[],
  ): Promise<Tried[]> => {
    const tried: Tried[] = [];
    const stems = new Set(pictures.map(({ name }) => stemOf(name)));
    const blobs = new Set(triedAlready.map(({ blob }) => blob));
    const before = inStrip().filter(
      ({ name, blob, mask }) =>
        mask === null && isPngName(name) && stems.has(stemOf(name)) && !blobs.has(blob),
    );
    for (const picture of before) {
      const photo = photographOf(picture);
      // One that has a mask keeps it.
      if (photo === undefined || photo.mask !== null) continue;
      const outcome = await tryAs(picture, photo);
      if (!outcome.isMask) continue;
      session.remove(picture.id);
      tried.push(outcome);
    }
    return tried;
  };

  return {
    async add(pictures) {
      const { plain, maybe } = sortOut(pictures);
      session.add(plain);
      if (maybe.length > 0) await session.whenAdded();
      const tried: Tried[] = [];
      const photographs: NewPhoto[] = [];
      for (const picture of maybe) {
        const photo = photographOf(picture);
        const outcome = photo === undefined ? null : await tryAs(picture, photo);
        if (outcome !== null) tried.push(outcome);
        if (outcome?.isMask !== true) photographs.push(picture);
      }
      session.add(photographs, false);
      await session.whenAdded();
      tell([...tried, ...(await masksBefore(pictures, maybe))]);
    },

    async assign(pictureId, photoId) {
      const { photos } = store.getState();
      const [picture, photo] = [photos[pictureId], photos[photoId]];
      if (picture === undefined || photo === undefined) return;
      const { isMask, sentence } = await tryAs(picture, photo, false);
      say(isMask ? `${sentence} ${whereScores}` : sentence, !isMask);
      if (!isMask) return;
      session.remove(pictureId);
      store.getState().select(photoId);
    },

    release(photoId) {
      const mask = store.getState().photos[photoId]?.mask;
      if (mask === undefined || mask === null) return;
      store.getState().setMask(photoId, null);
      backToStrip(mask);
      say(`${mask.name} is a photograph again.`);
    },

    count(photoId, grid) {
      const photo = store.getState().photos[photoId];
      const mask = photo?.mask ?? null;
      if (photo === undefined || mask === null) return;
      const { id, blob, name } = mask;
      const gridKey = keyOfGrid(grid);
      const key = `${id} ${gridKey}`;
      if (mask.counts.has(gridKey) || counting.has(key)) return;
      counting.add(key);
      const { rows, columns, box, seenBox = box, photoSizePx } = grid;
      const asked = { id, mask: blob, grid: { rows, columns, box, seenBox, photoSizePx } };
      void client.call('countCells', asked).then((outcome) => {
        // A file that is gone stays gone; an engine that was lost is asked again with the next result.
        if (outcome.ok || outcome.error.code !== 'unreadable-file') counting.delete(key);
        if (outcome.ok) store.getState().addCellCounts(photoId, id, gridKey, outcome.value);
        else if (outcome.error.code === 'unreadable-file')
          say(`The mask ${name} can no longer be read, so nothing is compared with it.`, true);
      });
    },
  };
}
