/** Decodes the photograph that comes next while another runs: browsers decode beside the worker's own thread. */
import type { Failure } from '../core/failure.ts';
import type { Result } from '../core/result.ts';
import type { DecodedPhoto } from './decode-photo.ts';

type Decoded = Promise<Result<DecodedPhoto, Failure>>;

/** A photograph and the name that it is asked for by: a blob that crosses threads is another object each time. */
interface NamedPhoto {
  readonly id: string;
  readonly photo: Blob;
}

export interface DecodeAhead {
  /** What was begun for this photograph, or begins now. What was begun for another one is given up. Caller closes it. */
  take(next: NamedPhoto): Decoded;
  /** At most one photograph is held, since a large one is hundreds of megabytes. */
  begin(next: NamedPhoto): void;
  /** Nothing runs any more: where what was begun is not taken soon, nobody will, since it was removed. */
  rest(): void;
}

/** Whoever goes on to the next photograph does so at once. */
const restMs = 2000;

export function createDecodeAhead(open: (photo: Blob) => Decoded): DecodeAhead {
  let ahead: { readonly id: string; readonly decoded: Decoded } | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;

  const giveUp = (decoded: Decoded): void =>
    void decoded.then(
      (result) => result.ok && result.value.close(),
      () => {}, // what went wrong with it is told when it is asked for
    );

  const take = ({ id, photo }: NamedPhoto): Decoded => {
    clearTimeout(resting);
    const begun = ahead;
    ahead = null;
    if (begun?.id === id) return begun.decoded;
    if (begun !== null) giveUp(begun.decoded);
    return open(photo);
  };

  const begin = ({ id, photo }: NamedPhoto): void => {
    if (ahead?.id === id) return;
    if (ahead !== null) giveUp(ahead.decoded);
    const decoded = open(photo);
    decoded.catch(() => {}); // told by `take`
    ahead = { id, decoded };
  };

  const rest = (): void => {
    clearTimeout(resting);
    if (ahead === null) return;
    const { decoded } = ahead;
    resting = setTimeout(() => {
      if (ahead?.decoded !== decoded) return;
      ahead = null;
      giveUp(decoded);
    }, restMs);
  };

  return { take, begin, rest };
}
