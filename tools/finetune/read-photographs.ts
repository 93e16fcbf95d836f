import { describeFailure } from '../../src/core/failure.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { shrinkPhotograph } from '../../src/train/photographs.ts';
import { findPhotographs } from '../photographs/find-photographs.ts';
import { readPhoto } from '../photographs/read-photo.ts';

export interface Photographs {
  /** In the order of their names, which a run depends on. */
  readonly photographs: readonly PixelGrid[];
  /** A sentence for each that could not be read, or argument that names none. */
  readonly problems: readonly string[];
}

/** Each is shrunk to what the crops need as soon as it has been read: those of a camera are 70 MB each. */
export async function readPhotographs(args: readonly string[], globalCropPx: number): Promise<Photographs> {
  const { paths, problems } = await findPhotographs(args);
  const photographs: PixelGrid[] = [];
  const unread: string[] = [];
  for (const path of paths) {
    const photo = await readPhoto(path);
    if (!photo.ok) unread.push(`${path}: ${describeFailure(photo.error)}`);
    else {
      const { height, width, channels, values } = shrinkPhotograph(photo.value, globalCropPx);
      photographs.push({ height, width, channels, values });
    }
  }
  return { photographs, problems: [...problems, ...unread] };
}
