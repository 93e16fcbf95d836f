/** Moving over the map: one pointer draws it along or draws round photographs, two pinch, the wheel zooms, a click selects. */
import { type PointerEvent, type RefObject, useEffect, useRef } from 'react';
import type { Size } from '../../core/geometry.ts';
import { type MapView, pan, type Point, zoomAt } from './map-geometry.ts';

/** A pointer that moved less than this was pressed in one place, CSS px. */
const clickPx = 5;

interface MapPointersOptions {
  readonly box: RefObject<HTMLElement | null>;
  readonly size: Size | null;
  readonly view: MapView;
  readonly setView: (change: (view: MapView) => MapView) => void;
  /** Whether one pointer draws round photographs; with Shift it always does. */
  readonly drawsRound: boolean;
  readonly setLasso: (lasso: readonly Point[]) => void;
  readonly onLasso: (outline: readonly Point[], adds: boolean) => void;
  readonly onPress: (point: Point, adds: boolean) => void;
}

interface Drag {
  readonly start: Point;
  readonly isLasso: boolean;
  outline: Point[];
  hasMoved: boolean;
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

export function useMapPointers(options: MapPointersOptions) {
  const { box, size, setView, drawsRound, setLasso, onLasso, onPress } = options;
  const pointers = useRef(new Map<number, Point>());
  const drag = useRef<Drag | null>(null);

  const pointOf = (event: { clientX: number; clientY: number }): Point => {
    const bounds = box.current?.getBoundingClientRect();
    const scale = bounds === undefined || size === null ? 1 : size.width / bounds.width;
    return {
      x: (event.clientX - (bounds?.left ?? 0)) * scale,
      y: (event.clientY - (bounds?.top ?? 0)) * scale,
    };
  };

  useEffect(() => {
    const element = box.current;
    if (element === null || size === null) return undefined;
    const turn = (event: WheelEvent): void => {
      event.preventDefault();
      const bounds = element.getBoundingClientRect();
      const scale = size.width / bounds.width;
      const point = { x: (event.clientX - bounds.left) * scale, y: (event.clientY - bounds.top) * scale };
      // A line of a mouse wheel is about 16 px.
      const px = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 * event.deltaY : event.deltaY;
      setView((view) => zoomAt(view, Math.exp(-px / 300), point, size));
    };
    // React's own listener could not keep the page from scrolling.
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, [box, size, setView]);

  const movePinch = (before: ReadonlyMap<number, Point>): void => {
    const now = [...pointers.current.values()];
    const then = [...pointers.current.keys()].map((id) => before.get(id));
    const [a, b] = now;
    const [c, d] = then;
    if (size === null || a === undefined || b === undefined || c === undefined || d === undefined) return;
    const [from, to] = [middle(c, d), middle(a, b)];
    const factor = distance(a, b) / Math.max(1, distance(c, d));
    setView((view) => zoomAt(pan(view, { x: to.x - from.x, y: to.y - from.y }, size), factor, to, size));
  };

  const moveDrag = (current: Drag, from: Point, to: Point): void => {
    if (distance(current.start, to) > clickPx * devicePixelRatio) current.hasMoved = true;
    if (!current.hasMoved || size === null) return;
    if (current.isLasso) {
      current.outline = [...current.outline, to];
      setLasso(current.outline);
    } else setView((view) => pan(view, { x: to.x - from.x, y: to.y - from.y }, size));
  };

  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const point = pointOf(event);
      pointers.current.set(event.pointerId, point);
      const isLasso = drawsRound || event.shiftKey;
      // A second finger pinches, and what the first had begun ends.
      drag.current =
        pointers.current.size === 1 ? { start: point, isLasso, outline: [point], hasMoved: false } : null;
      if (pointers.current.size > 1) setLasso([]);
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const from = pointers.current.get(event.pointerId);
      if (from === undefined) return;
      const before = new Map(pointers.current);
      const to = pointOf(event);
      pointers.current.set(event.pointerId, to);
      if (pointers.current.size === 2) movePinch(before);
      else if (drag.current !== null) moveDrag(drag.current, from, to);
    },
    onPointerUp(event: PointerEvent<HTMLElement>) {
      pointers.current.delete(event.pointerId);
      const ended = drag.current;
      drag.current = null;
      setLasso([]);
      if (ended === null) return;
      const adds = event.ctrlKey || event.metaKey;
      if (!ended.hasMoved) onPress(ended.start, adds || event.shiftKey);
      else if (ended.isLasso) onLasso(ended.outline, adds);
    },
    onPointerCancel(event: PointerEvent<HTMLElement>) {
      pointers.current.delete(event.pointerId);
      drag.current = null;
      setLasso([]);
    },
  };
}
