import { useEffect, useState } from 'react';
import { useApp, useServices } from '../services.tsx';
import type { PhotoId } from '../state/photo.ts';

/**
 * @param sidePx what `Pictures.load` takes; null to wait
 * @returns the decoded photograph; until it is ready, a smaller one or null
 */
export function usePicture(id: PhotoId | null, sidePx: number | null): ImageBitmap | null {
  const { pictures } = useServices();
  // A decode that was lost with the engine is requested again from the next engine.
  const engineReady = useApp((state) => state.engine.status === 'ready');
  const [loaded, setLoaded] = useState<{ id: PhotoId; bitmap: ImageBitmap } | null>(null);
  useEffect(() => {
    if (id === null || sidePx === null) return undefined;
    let wanted = true;
    void pictures.load(id, sidePx).then((bitmap) => {
      if (wanted && bitmap) setLoaded({ id, bitmap });
    });
    return () => {
      wanted = false;
    };
  }, [pictures, id, sidePx, engineReady]);
  if (id === null) return null;
  return loaded?.id === id && loaded.bitmap.width > 0 ? loaded.bitmap : pictures.peek(id);
}
