import { type ReactNode, useCallback, useRef } from 'react';
import { mapsOf } from '../painting/result-maps.ts';
import { paintOverlay, scaleBox } from '../painting/paint-overlay.ts';
import { type DeviceSize, useCanvasLayer, useDeviceSize } from '../painting/use-canvas-layer.ts';
import { useApp } from '../services.tsx';
import type { Outcome } from '../state/photo.ts';
import { drawnStyle, hasContour, isSmooth, type View } from '../state/settings.ts';
import './photo-canvas.css';

interface PhotoCanvasProps {
  readonly bitmap: ImageBitmap | null;
  readonly outcome: Pick<Outcome, 'result'> | null;
  readonly view: View;
  readonly detail: 'stage' | 'tile';
  /** The text alternative; null where a label beside the picture says it all. */
  readonly label: string | null;
  readonly children?: ReactNode;
}

/**
 * A photograph with its overlay: two canvases, for the photograph below needs no painting when a slider moves.
 * Fills its parent, which gives it the photograph's aspect.
 */
export function PhotoCanvas({ bitmap, outcome, view, detail, label, children }: PhotoCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const photoLayer = useRef<HTMLCanvasElement>(null);
  const overlayLayer = useRef<HTMLCanvasElement>(null);
  const overlay = useApp((state) => state.overlay);
  const query = useApp((state) => state.query);
  const size = useDeviceSize(frame);
  const priority = detail === 'stage' ? 0 : 1;

  const paintPhoto = useCallback(
    (context: CanvasRenderingContext2D, { width, height }: DeviceSize) => {
      // A closed bitmap has no width; its owner sends another one soon.
      if (!bitmap || bitmap.width === 0) return;
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, width, height);
    },
    [bitmap],
  );
  useCanvasLayer(photoLayer, size, priority, paintPhoto);

  const result = outcome?.result ?? null;
  const paintMaps = useCallback(
    (context: CanvasRenderingContext2D, { width, height }: DeviceSize) => {
      if (!result) return;
      const scale = { x: width / result.photoSizePx.width, y: height / result.photoSizePx.height };
      const lineWidthPx =
        detail === 'stage' ? Math.max(1.5 * devicePixelRatio, width / 560) : 1.1 * devicePixelRatio;
      paintOverlay(context, mapsOf(result, query), view, overlay, {
        box: scaleBox(result.box, scale),
        detail,
        lineWidthPx,
      });
    },
    [result, query, view, overlay, detail],
  );
  const prepare = useCallback(() => {
    if (!result) return true;
    const heads = Array.from({ length: result.numHeads }, (_, head) => head);
    return mapsOf(result, query).prepare(view === 'all' ? heads : [view], {
      share: overlay.massPercent / 100,
      smooth: isSmooth(view, overlay),
      detail,
      outlined: drawnStyle(view, overlay) === 'mask' || hasContour(view, overlay),
    });
  }, [result, query, view, overlay, detail]);
  useCanvasLayer(overlayLayer, size, priority, paintMaps, prepare);

  const role = label === null ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label };
  return (
    <div className="photo-canvas" ref={frame} {...role}>
      <canvas ref={photoLayer} data-layer="photo" />
      <canvas ref={overlayLayer} data-layer="overlay" />
      {children}
    </div>
  );
}
