import { Maximize, Minus, Plus } from 'lucide-react';
import { type KeyboardEvent, useCallback, useMemo, useReducer, useRef, useState } from 'react';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { SwitchField } from '../kit/switch-field.tsx';
import { useCanvasLayer, useDeviceSize } from '../kit/use-canvas-layer.ts';
import { useRecognise, useServices } from '../services.tsx';
import { useCoarsePointer } from '../shell/use-page-effects.ts';
import { useClassColours } from './class-mark.tsx';
import { photographsId, useFocusOfPhotographs } from './focus-photographs.ts';
import {
  isInside,
  type MapView,
  nearestOnMap,
  nextTowards,
  pictureSidePx,
  placeOf,
  type Point,
  toCanvas,
  toMap,
  wholeMap,
  zoomAt,
} from './map-geometry.ts';
import { type MapDot, type MapDrawing, paintMap } from './paint-map.ts';
import { predictionOf } from './recognise-state.ts';
import { useMapPointers } from './use-map-pointers.ts';
import './map-canvas.css';

const zoomStep = 1.5;
const keysOfMap = 'Arrow keys go to the next one, with Shift they select on the way; plus and minus zoom.';
const noItems: readonly number[] = [];

const directions: Readonly<Record<string, Point>> = {
  ArrowUp: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: -1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
};

/** Each shown photograph in its class's colour, or in that of the class that was voted. */
function useDots(): readonly MapDot[] {
  const open = useRecognise((state) => state.open);
  const arranged = useRecognise((state) => (state.open === null ? noItems : state.arranged));
  const votes = useRecognise((state) => state.votes.value);
  const colourOf = useClassColours();
  return useMemo(
    () =>
      arranged.flatMap((index) => {
        const item = open?.items[index];
        if (item === undefined) return [];
        const className = item.className ?? predictionOf(votes, index)?.className ?? null;
        return [{ index, colour: colourOf(className), isVoted: item.className === null }];
      }),
    [open, arranged, votes, colourOf],
  );
}

/** A canvas has no variables of the style sheet. Each is looked up once for all dots. */
function colourResolver(style: CSSStyleDeclaration): (colour: string) => string {
  const known = new Map<string, string>();
  return (colour) => {
    if (!colour.startsWith('var(')) return colour;
    const value = known.get(colour) ?? style.getPropertyValue(colour.slice(4, -1)).trim();
    known.set(colour, value);
    return value;
  };
}

/** All photographs, laid out by their features. */
export function MapCanvas({ places }: { readonly places: Float32Array }) {
  const { recognise } = useServices();
  const isTouch = useCoarsePointer();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useFocusOfPhotographs(box);
  const size = useDeviceSize(box);
  const [view, setView] = useState<MapView>(wholeMap);
  const [lasso, setLasso] = useState<readonly Point[]>([]);
  const [drawsRound, setDrawsRound] = useState(false);
  const selected = useRecognise((state) => state.selected);
  const cursor = useRecognise((state) => state.cursor);
  const dots = useDots();
  const pictures = useRecognise((state) => state.open?.pictures);
  const [loaded, tellLoaded] = useReducer((count: number) => count + 1, 0);

  const paint = useCallback(
    (context: CanvasRenderingContext2D) => {
      if (size === null || pictures === undefined) return;
      const style = getComputedStyle(context.canvas);
      const ink = { line: style.color, focus: style.getPropertyValue('--focus-colour').trim() };
      const resolve = colourResolver(style);
      const drawn = dots.map((dot) => ({ ...dot, colour: resolve(dot.colour) }));
      const drawing: MapDrawing = { places, dots: drawn, selected, cursor, view, lasso };
      paintMap(context, size, drawing, pictures, tellLoaded, ink);
    },
    // A picture that was loaded is painted.
    // oxlint-disable-next-line react/exhaustive-deps
    [size, places, dots, selected, cursor, view, lasso, pictures, loaded],
  );
  useCanvasLayer(canvas, size, 0, paint);

  const shown = useMemo(() => dots.map(({ index }) => index), [dots]);
  const pressAt = (point: Point, adds: boolean): void => {
    if (size === null) return;
    const [nearest] = nearestOnMap(places, shown, toMap(point, view, size), 1);
    const place = nearest === undefined ? null : placeOf(places, nearest);
    if (nearest === undefined || place === null) return;
    const at = toCanvas(place, view, size);
    const reach = Math.max(
      pictureSidePx(dots.length, view, size, devicePixelRatio) / 2,
      12 * devicePixelRatio,
    );
    if (Math.hypot(at.x - point.x, at.y - point.y) <= reach)
      recognise.selectItem(nearest, adds ? 'add' : 'one');
    else if (!adds) recognise.clearSelection();
  };
  const takeLasso = (outline: readonly Point[], adds: boolean): void => {
    if (size === null) return;
    const inside = shown.filter((index) => {
      const place = placeOf(places, index);
      return place !== null && isInside(toCanvas(place, view, size), outline);
    });
    recognise.selectItems(adds ? [...new Set([...selected, ...inside])] : inside);
  };
  const pointers = useMapPointers({
    box,
    size,
    view,
    setView,
    drawsRound,
    setLasso,
    onLasso: takeLasso,
    onPress: pressAt,
  });

  const zoomBy = (factor: number): void => {
    if (size === null) return;
    const place = cursor === null ? null : placeOf(places, cursor);
    const at = place === null ? { x: size.width / 2, y: size.height / 2 } : toCanvas(place, view, size);
    setView(zoomAt(view, factor, at, size));
  };
  /** Brings a photograph into the middle where it is out of sight. */
  const follow = (index: number): void => {
    const place = placeOf(places, index);
    if (place === null || size === null) return;
    const { x, y } = toCanvas(place, view, size);
    if (x < 0 || y < 0 || x > size.width || y > size.height) setView({ ...view, ...place });
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = directions[event.key];
    if (direction !== undefined) {
      const from = (cursor === null ? null : placeOf(places, cursor)) ?? view;
      const next =
        cursor === null
          ? nearestOnMap(places, shown, from, 1)[0]
          : nextTowards(places, shown, from, direction);
      if (next !== undefined && next !== null) {
        recognise.selectItem(next, event.shiftKey ? 'add' : 'one');
        recognise.tellCurrent();
        follow(next);
      }
    } else if (event.key === '+' || event.key === '=') zoomBy(zoomStep);
    else if (event.key === '-') zoomBy(1 / zoomStep);
    else if (event.key === 'Home') setView(wholeMap);
    else return;
    event.preventDefault();
  };
  return (
    <div className="map">
      <div className="map-tools">
        <IconButton icon={Plus} label="Larger (+)" onClick={() => zoomBy(zoomStep)} />
        <IconButton icon={Minus} label="Smaller (−)" onClick={() => zoomBy(1 / zoomStep)} />
        <IconButton icon={Maximize} label="The whole map (Home)" onClick={() => setView(wholeMap)} />
        <SwitchField label="Draw round to select" checked={drawsRound} inLine onChange={setDrawsRound} />
      </div>
      <div
        ref={box}
        id={photographsId}
        className="map-box"
        role="application"
        aria-roledescription="map"
        aria-label={`Map of ${countOf(dots.length, 'photograph')}.${isTouch ? '' : ` ${keysOfMap}`}`}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it has keys of its own
        tabIndex={0}
        data-draws-round={drawsRound}
        onKeyDown={press}
        {...pointers}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </div>
    </div>
  );
}
