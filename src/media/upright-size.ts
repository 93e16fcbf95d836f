/** The size of an upright photograph, without decoding it. */
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { inspectImage } from './inspect-image.ts';
import { uprightSize } from './orientation.ts';
import { storedImage } from './stored-image.ts';

/** @returns 'unreadable-file' for a file that was deleted after it was dropped, or what `inspectImage` finds */
export async function readUprightSize(photo: Blob): Promise<Result<Size, Failure>> {
  const bytes = await photo.arrayBuffer().then(
    (buffer) => new Uint8Array(buffer),
    () => null,
  );
  if (bytes === null) return fail({ code: 'unreadable-file' });
  const facts = inspectImage(bytes);
  if (!facts.ok) return facts;
  const { format, storedSizePx } = facts.value;
  if (format === 'gif' || format === 'bmp') return succeed(storedSizePx);
  const { orientation } = await storedImage(format, bytes);
  return succeed(uprightSize(storedSizePx, orientation));
}
