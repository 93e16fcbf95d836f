/** Which part of what is on the stage is shown. */
import { wholePicture, type PictureView } from '../../render/picture-view.ts';
import type { AppState } from './app-store.ts';
import type { PhotoId } from './photo.ts';

/**
 * What can be zoomed by itself: a photograph, also on both sides of a comparison, by its id; a pair or a sheet of small pictures, as one picture; or
 * all photographs together, of which each shows the same part.
 */
export type ZoomKey = string;

export const pairKey = (photo: PhotoId): ZoomKey => `${photo} pair`;
export const sheetKey = (photo: PhotoId): ZoomKey => `${photo} sheet`;
export const allKey: ZoomKey = 'all photographs';

/** @returns the whole where something else was zoomed last */
export const viewShown = ({ zoom }: Pick<AppState, 'zoom'>, key: ZoomKey): PictureView =>
  zoom?.of === key ? zoom.view : wholePicture;
