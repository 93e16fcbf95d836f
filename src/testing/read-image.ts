/** A photograph by the page's own code, in whatever browser this runs. */
import type { Failure } from '../core/failure.ts';
import { FailureError } from '../core/failure.ts';
import type { Result } from '../core/result.ts';
import { type DecodedPhoto, openPhoto } from '../media/decode-photo.ts';

function valueOf<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new FailureError(result.error);
  return result.value;
}

/** Throws FailureError; the caller closes the photograph. */
export const openImage = async (file: Uint8Array<ArrayBuffer>): Promise<DecodedPhoto> =>
  valueOf(await openPhoto(new Blob([file])));

/** Throws FailureError. @returns the pixels and the notices */
export async function readImage(file: Uint8Array<ArrayBuffer>) {
  const photo = await openImage(file);
  try {
    return valueOf(await photo.readPixels());
  } finally {
    photo.close();
  }
}
