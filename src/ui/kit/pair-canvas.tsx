import { useCallback, useMemo, useRef } from 'react';
import type { Frame } from '../../core/frame.ts';
import type { Layer } from '../../render/layers.ts';
import { lineWidthFor, prepareLayers } from '../../render/paint-layers.ts';
import { paintPairOverlay, paintPairPhotos } from '../../render/paint-pair.ts';
import { layOutPair, type Beside } from '../../render/pair.ts';
import { drawPart, type PictureView } from '../../render/picture-view.ts';
import { type DeviceSize, useCanvasLayer, useDeviceSize } from './use-canvas-layer.ts';
import './layered-canvas.css';
import './pair-canvas.css';

interface PairCanvasProps {
  readonly first: ImageBitmap | null;
  readonly second: ImageBitmap | null;
  readonly frame: Frame;
  /** Over the first photograph. */
  readonly layers: readonly Layer[];
  readonly beside: Beside;
  readonly label: string;
  /** The part of both together that is shown; lines and dots keep their width. */
  readonly view: PictureView;
}

/** Between the photographs, in CSS px. */
const gapPx = 12;

const usable = (bitmap: ImageBitmap | null): ImageBitmap | null =>
  bitmap !== null && bitmap.width > 0 ? bitmap : null;

/** Two photographs with what is drawn over them and the links between them. It fills its parent. */
export function PairCanvas({ first, second, frame, layers, beside, label, view }: PairCanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const photoLayer = useRef<HTMLCanvasElement>(null);
  const overlayLayer = useRef<HTMLCanvasElement>(null);
  const size = useDeviceSize(box);
  const { photoSizePx } = frame;
  const secondSize = beside.frame.photoSizePx;
  const places = useMemo(
    () => (size === null ? null : layOutPair(size, photoSizePx, secondSize, gapPx * devicePixelRatio)),
    [size, photoSizePx, secondSize],
  );
  const paintPhotos = useCallback(
    (context: CanvasRenderingContext2D, surface: DeviceSize) => {
      if (places === null) return;
      drawPart(context, surface, view, () => paintPairPhotos(context, usable(first), usable(second), places));
    },
    [first, second, places, view],
  );
  useCanvasLayer(photoLayer, size, 0, paintPhotos);
  const paintOverlay = useCallback(
    (context: CanvasRenderingContext2D, surface: DeviceSize) => {
      if (places === null) return;
      const lineWidthPx = lineWidthFor(places.first, 'stage', devicePixelRatio) / view.scale;
      drawPart(context, surface, view, () =>
        paintPairOverlay(
          context,
          { first: { frame, layers }, second: beside },
          { places, detail: 'stage', lineWidthPx },
        ),
      );
    },
    [frame, layers, beside, places, view],
  );
  const prepare = useCallback(
    () => prepareLayers(layers, 'stage') && prepareLayers(beside.layers, 'stage'),
    [layers, beside],
  );
  useCanvasLayer(overlayLayer, size, 0, paintOverlay, prepare);
  return (
    <div className="layered-canvas pair-canvas" ref={box} role="img" aria-label={label}>
      <canvas ref={photoLayer} data-layer="photo" />
      <canvas ref={overlayLayer} data-layer="overlay" />
    </div>
  );
}
