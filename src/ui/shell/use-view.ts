import type { PictureView } from '../../render/picture-view.ts';
import { useApp } from '../services.tsx';
import { viewShown, type ZoomKey } from '../state/zoom.ts';

/** Which part of it the stage shows. */
export const useView = (key: ZoomKey): PictureView => useApp((state) => viewShown(state, key));
