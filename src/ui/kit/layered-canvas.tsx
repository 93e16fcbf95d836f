import { useCallback, useRef, type ReactNode } from 'react';
import { lineWidthFor, paintLayers, prepareLayers, type Detail } from '../../render/paint-layers.ts';
import type { Layer } from '../../render/layers.ts';
import { drawPart, wholePicture, type PictureView } from '../../render/picture-view.ts';
import { type DeviceSize, useCanvasLayer, useDeviceSize } from './use-canvas-layer.ts';
import './layered-canvas.css';

interface LayeredCanvasProps {
  readonly bitmap: ImageBitmap | null;
  /** The layers are repainted when this is another list object. */
  readonly layers: readonly Layer[];
  readonly detail: Detail;
  /** The text alternative; null if a label beside the picture is enough. */
  readonly label: string | null;
  /** The part that is shown; lines keep their width. */
  readonly view?: PictureView;
  readonly children?: ReactNode;
}

/**
 * A photograph with layers over it, on two canvases, so that the photograph is not repainted when a slider moves.
 * It fills its parent, which must have the photograph's aspect ratio.
 */
export function LayeredCanvas({
  bitmap,
  layers,
  detail,
  label,
  view = wholePicture,
  children,
}: LayeredCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const photoLayer = useRef<HTMLCanvasElement>(null);
  const overlayLayer = useRef<HTMLCanvasElement>(null);
  const size = useDeviceSize(frame);
  const priority = detail === 'stage' ? 0 : 1;

  const paintPhoto = useCallback(
    (context: CanvasRenderingContext2D, surface: DeviceSize) => {
      // A closed bitmap has width 0; its owner passes another one soon.
      if (!bitmap || bitmap.width === 0) return;
      drawPart(context, surface, view, () => {
        context.imageSmoothingQuality = 'high';
        context.drawImage(bitmap, 0, 0, surface.width, surface.height);
      });
    },
    [bitmap, view],
  );
  useCanvasLayer(photoLayer, size, priority, paintPhoto);

  const paintOverlay = useCallback(
    (context: CanvasRenderingContext2D, surface: DeviceSize) =>
      drawPart(context, surface, view, () =>
        paintLayers(context, layers, {
          size: surface,
          detail,
          lineWidthPx: lineWidthFor(surface, detail, devicePixelRatio) / view.scale,
        }),
      ),
    [layers, detail, view],
  );
  const prepare = useCallback(() => prepareLayers(layers, detail), [layers, detail]);
  useCanvasLayer(overlayLayer, size, priority, paintOverlay, prepare);

  const role = label === null ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label };
  return (
    <div className="layered-canvas" ref={frame} {...role}>
      <canvas ref={photoLayer} data-layer="photo" />
      <canvas ref={overlayLayer} data-layer="overlay" />
      {children}
    </div>
  );
}
