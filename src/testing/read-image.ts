/** Reads a photograph with the page's own code, in the browser that runs the test. */
import type { Failure } from '../core/failure.ts';
import { FailureError } from '../core/failure.ts';
import type { Result } from '../core/result.ts';
import { type DecodedPhoto, openPhoto } from '../media/decode-photo.ts';

function valueOf<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new FailureError(result.error);
  return result.value;
}

/**
 * Caller closes the photograph.
 * @throws FailureError if the file is refused
 */
export const openImage = async (file: Uint8Array<ArrayBuffer>): Promise<DecodedPhoto> =>
  valueOf(await openPhoto(new Blob([file])));

/**
 * @returns the pixels and the notices
 * @throws FailureError if the file is refused
 */
export async function readImage(file: Uint8Array<ArrayBuffer>) {
  const photo = await openImage(file);
  try {
    return valueOf(await photo.readPixels());
  } finally {
    photo.close();
  }
}
