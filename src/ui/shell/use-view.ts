import type { PictureView } from '../../render/picture-view.ts';
import { useApp } from '../services.tsx';
import type { PhotoId } from '../state/photo.ts';
import { viewShown } from '../state/zoom.ts';

/** Which part of the photograph the stage shows. */
export const useView = (photo: PhotoId): PictureView => useApp((state) => viewShown(state, photo));
