/** Where the picture on the stage can be zoomed and moved, by wheel, pinch, drag and double click. Keys are in `commands`. */
import { type CSSProperties, type MouseEvent, type ReactNode, useEffect, useRef } from 'react';
import {
  dragged,
  pointUnder,
  wholePicture,
  zoomed,
  type PictureView,
  type Point,
} from '../../render/picture-view.ts';
import { useServices } from '../services.tsx';
import type { AppStore } from '../state/app-store.ts';
import { viewShown, type ZoomKey } from '../state/zoom.ts';
import { useView } from './use-view.ts';

/** Nearer to where it began, in CSS px, a press is a click. */
const clickSlopPx = 6;

/** Of a double click. */
const doubleClickFactor = 3;

/** A notch of a wheel has 100 px or so; a pinch on a trackpad comes as a wheel with small steps. */
const wheelPx = 350;
const pinchPx = 90;
const linePx = 16;

/** The line of a swipe is moved on the picture as well. */
const isField = (target: EventTarget | null): boolean => target instanceof HTMLInputElement;

/** Whether the page, or a list that it is in, can be scrolled. */
function canScroll(element: HTMLElement): boolean {
  const page = document.scrollingElement;
  if (page !== null && page.scrollHeight > page.clientHeight) return true;
  for (let around = element.parentElement; around !== null; around = around.parentElement)
    if (around.scrollHeight > around.clientHeight && getComputedStyle(around).overflowY === 'auto')
      return true;
  return false;
}

interface Place {
  readonly clientX: number;
  readonly clientY: number;
}

/** Two fingers: the point between them, and how far they are apart. One finger: where it is. */
function touched(touches: TouchList): Place & { readonly apartPx: number } {
  const [one, other = one] = touches;
  if (one === undefined || other === undefined) throw new Error('a touch without a finger');
  return {
    clientX: (one.clientX + other.clientX) / 2,
    clientY: (one.clientY + other.clientY) / 2,
    apartPx: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
  };
}

/** Gestures on one element. The view is the store's, so that both sides of a comparison have the same. */
class Gestures {
  private readonly element: HTMLElement;
  private readonly store: AppStore;
  private readonly of: ZoomKey;
  /** Where fingers were at the last move. */
  private touch: ReturnType<typeof touched> | null = null;
  /** Where the mouse was pressed, or was at the last move. */
  private press: (Place & { readonly pointerId: number }) | null = null;
  /** Whether the press has moved the picture; then the click at its end means nothing. */
  hasMoved = false;

  constructor(element: HTMLElement, store: AppStore, of: ZoomKey) {
    this.element = element;
    this.store = store;
    this.of = of;
  }

  get view(): PictureView {
    return viewShown(this.store.getState(), this.of);
  }

  show(view: PictureView): void {
    this.store.getState().setZoom({ of: this.of, view });
  }

  /** In shares of what is shown. */
  shareAt({ clientX, clientY }: Place): Point {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  }

  private between(before: Place, now: Place): Point {
    const [from, to] = [this.shareAt(before), this.shareAt(now)];
    return { x: to.x - from.x, y: to.y - from.y };
  }

  /** A wheel scrolls where something can be scrolled; with Ctrl, and as a pinch, it zooms everywhere. */
  readonly wheel = (event: WheelEvent): void => {
    if (isField(event.target) || (!event.ctrlKey && canScroll(this.element))) return;
    const deltaPx = event.deltaMode === event.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * linePx;
    const { view } = this;
    const next = zoomed(view, 2 ** (-deltaPx / (event.ctrlKey ? pinchPx : wheelPx)), this.shareAt(event));
    // Else the browser enlarges the whole page.
    event.preventDefault();
    if (next !== view) this.show(next);
  };

  readonly touchStart = (event: TouchEvent): void => {
    if (isField(event.target)) return;
    this.touch = touched(event.touches);
    if (event.touches.length === 1) this.hasMoved = false;
  };

  /** Two fingers zoom. One finger scrolls the page as long as the whole picture is shown, and moves a part of it. */
  readonly touchMove = (event: TouchEvent): void => {
    const before = this.touch;
    const isPinch = event.touches.length > 1;
    if (before === null || (!isPinch && this.view.scale === 1)) return;
    event.preventDefault();
    const now = touched(event.touches);
    const by = this.between(before, now);
    this.touch = now;
    this.hasMoved = true;
    const larger = isPinch && before.apartPx > 0 ? now.apartPx / before.apartPx : 1;
    this.show(dragged(zoomed(this.view, larger, this.shareAt(before)), by));
  };

  readonly touchEnd = (event: TouchEvent): void => {
    this.touch = event.touches.length === 0 ? null : touched(event.touches);
  };

  /** @param draws whether a drag draws round patches; then the middle button or Shift moves the picture */
  pressMouse(event: PointerEvent, draws: boolean): void {
    if (event.pointerType === 'touch' || isField(event.target)) return;
    this.hasMoved = false;
    const moves = event.button === 1 || (event.button === 0 && (!draws || event.shiftKey));
    if (this.view.scale === 1 || !moves) return;
    // The middle button would scroll.
    if (event.button === 1) event.preventDefault();
    const { clientX, clientY, pointerId } = event;
    this.press = { clientX, clientY, pointerId };
  }

  moveMouse({ clientX, clientY, pointerId }: PointerEvent): void {
    const { press } = this;
    if (press === null || press.pointerId !== pointerId) return;
    const isFar = Math.hypot(clientX - press.clientX, clientY - press.clientY) >= clickSlopPx;
    if (!this.hasMoved && !isFar) return;
    if (!this.hasMoved) this.element.setPointerCapture(pointerId);
    this.hasMoved = true;
    this.show(dragged(this.view, this.between(press, { clientX, clientY })));
    this.press = { clientX, clientY, pointerId };
  }

  releaseMouse(): void {
    this.press = null;
  }

  /** Nearer, and back to the whole picture. */
  toggle(event: Place): void {
    const { view } = this;
    this.show(view.scale > 1 ? wholePicture : zoomed(view, doubleClickFactor, this.shareAt(event)));
  }
}

interface ZoomAreaProps {
  readonly of: ZoomKey;
  /** Whether a drag draws round patches, so that it does not move the picture. */
  readonly draws: boolean;
  /** Where it lies and how large it is. */
  readonly className?: string;
  readonly style?: CSSProperties;
  readonly children: ReactNode;
}

/** The box of a picture on the stage. */
export function ZoomArea({ of, draws, className = 'stage-picture', style, children }: ZoomAreaProps) {
  const { store } = useServices();
  const { scale } = useView(of);
  const area = useRef<HTMLDivElement>(null);
  const gestures = useRef<Gestures | null>(null);
  useEffect(() => {
    const element = area.current;
    if (element === null) return undefined;
    const { wheel, touchStart, touchMove, touchEnd } = (gestures.current = new Gestures(element, store, of));
    // React's own listeners cannot keep the page from scrolling.
    const isActive = { passive: false };
    element.addEventListener('wheel', wheel, isActive);
    element.addEventListener('touchstart', touchStart, isActive);
    element.addEventListener('touchmove', touchMove, isActive);
    element.addEventListener('touchend', touchEnd);
    element.addEventListener('touchcancel', touchEnd);
    return () => {
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('touchstart', touchStart);
      element.removeEventListener('touchmove', touchMove);
      element.removeEventListener('touchend', touchEnd);
      element.removeEventListener('touchcancel', touchEnd);
    };
  }, [store, of]);
  const endMouse = (): void => gestures.current?.releaseMouse();
  return (
    <div
      className={`${className} zoom-area`}
      style={style}
      ref={area}
      data-zoomed={scale > 1}
      onPointerDown={(event) => gestures.current?.pressMouse(event.nativeEvent, draws)}
      onPointerMove={(event) => gestures.current?.moveMouse(event.nativeEvent)}
      onPointerUp={endMouse}
      onPointerCancel={endMouse}
      onClickCapture={(event: MouseEvent) => {
        // The end of a move is no click.
        if (gestures.current?.hasMoved === true) event.stopPropagation();
      }}
      onDoubleClick={(event: MouseEvent) => {
        if (!isField(event.target)) gestures.current?.toggle(event);
      }}
    >
      {children}
    </div>
  );
}

/** @returns the point of the photograph under the pointer, on an element that shows the view */
export function photoPointUnder(
  { clientX, clientY, currentTarget }: Place & { readonly currentTarget: Element },
  view: PictureView,
): Point {
  const { left, top, width, height } = currentTarget.getBoundingClientRect();
  return pointUnder(view, { x: (clientX - left) / width, y: (clientY - top) / height });
}
