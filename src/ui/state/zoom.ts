/** Which part of a photograph the stage shows. */
import { wholePicture, type PictureView } from '../../render/picture-view.ts';
import type { AppState } from './app-store.ts';
import type { PhotoId } from './photo.ts';

/** @returns the whole photograph where another one was zoomed last */
export const viewShown = ({ zoom }: Pick<AppState, 'zoom'>, photo: PhotoId): PictureView =>
  zoom?.photo === photo ? zoom.view : wholePicture;
