import { type ReactNode, useCallback, useRef } from 'react';
import { mapsOf } from './painting/result-maps.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import { paintOverlay, paintPatchMark, scaleBox } from './painting/paint-overlay.ts';
import { type DeviceSize, useCanvasLayer, useDeviceSize } from '../kit/use-canvas-layer.ts';
import { useApp } from '../services.tsx';
import type { Outcome } from '../state/photo.ts';
import type { Query } from '../state/query.ts';
import { drawnStyle, hasContour, isSmooth, type View } from '../state/settings.ts';
import './photo-canvas.css';

interface PhotoCanvasProps {
  readonly bitmap: ImageBitmap | null;
  readonly outcome: Pick<Outcome, 'result'> | null;
  readonly view: View;
  readonly query: Query;
  /** The patch to outline. */
  readonly marked: PatchPosition | null;
  readonly detail: 'stage' | 'tile';
  /** The text alternative; null where a label beside the picture says it all. */
  readonly label: string | null;
  readonly children?: ReactNode;
}

/**
 * A photograph with its overlay: two canvases, for the photograph below needs no painting when a slider moves.
 * Fills its parent, which gives it the photograph's aspect.
 */
export function PhotoCanvas(props: PhotoCanvasProps) {
  const { bitmap, outcome, view, query, marked, detail, label, children } = props;
  const frame = useRef<HTMLDivElement>(null);
  const photoLayer = useRef<HTMLCanvasElement>(null);
  const overlayLayer = useRef<HTMLCanvasElement>(null);
  const overlay = useApp((state) => state.overlay);
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
  const { row = null, column = null } = marked ?? {};
  const paintMaps = useCallback(
    (context: CanvasRenderingContext2D, { width, height }: DeviceSize) => {
      if (!result) return;
      const scale = { x: width / result.photoSizePx.width, y: height / result.photoSizePx.height };
      const lineWidthPx =
        detail === 'stage' ? Math.max(1.5 * devicePixelRatio, width / 560) : 1.1 * devicePixelRatio;
      const target = { box: scaleBox(result.box, scale), detail, lineWidthPx };
      paintOverlay(context, mapsOf(result, query), view, overlay, target);
      if (row !== null && column !== null) paintPatchMark(context, { row, column }, result, target);
    },
    [result, query, row, column, view, overlay, detail],
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
