import { type RefObject, useLayoutEffect, useState } from 'react';
import { paintScheduler } from '../../render/paint-scheduler.ts';

export interface DeviceSize {
  readonly width: number;
  readonly height: number;
}

/** @returns the element's size in device px; null until it is known */
export function useDeviceSize(ref: RefObject<Element | null>): DeviceSize | null {
  const [size, setSize] = useState<DeviceSize | null>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      // Safari does not support device-pixel-content-box.
      const exact = entry.devicePixelContentBoxSize?.[0];
      const width = exact?.inlineSize ?? Math.round(entry.contentRect.width * devicePixelRatio);
      const height = exact?.blockSize ?? Math.round(entry.contentRect.height * devicePixelRatio);
      setSize((known) => (known?.width === width && known.height === height ? known : { width, height }));
    });
    try {
      observer.observe(element, { box: 'device-pixel-content-box' });
    } catch {
      observer.observe(element);
    }
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

/**
 * Repaints a canvas in the next frame whenever `paint` is another function.
 * @param paint draws on a cleared context. Memoise it, so that it changes only when the picture does
 * @param prepare work that may take longer than a frame: called once a frame until it returns true; until then the old picture stays
 */
export function useCanvasLayer(
  ref: RefObject<HTMLCanvasElement | null>,
  size: DeviceSize | null,
  priority: number,
  paint: (context: CanvasRenderingContext2D, size: DeviceSize) => void,
  prepare?: () => boolean,
): void {
  useLayoutEffect(() => {
    const canvas = ref.current;
    if (!canvas || !size || size.width === 0 || size.height === 0) return undefined;
    paintScheduler.request(canvas, priority, () => {
      if (prepare && !prepare()) return false;
      if (canvas.width !== size.width) canvas.width = size.width;
      if (canvas.height !== size.height) canvas.height = size.height;
      const context = canvas.getContext('2d');
      if (!context) return true;
      context.clearRect(0, 0, size.width, size.height);
      paint(context, size);
      canvas.dataset['painted'] = String(Number(canvas.dataset['painted'] ?? '0') + 1);
      return true;
    });
    return () => paintScheduler.cancel(canvas);
  }, [ref, size, priority, paint, prepare]);
}
