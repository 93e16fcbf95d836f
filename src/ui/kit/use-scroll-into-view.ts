import { type RefObject, useEffect } from 'react';

/** The nearest ancestor that scrolls; null if only the page does. */
function scrollerOf(element: Element): Element | null {
  for (
    let ancestor = element.parentElement;
    ancestor !== document.body && ancestor;
    ancestor = ancestor.parentElement
  ) {
    const { overflowX, overflowY } = getComputedStyle(ancestor);
    const scrollsAcross = overflowX === 'auto' && ancestor.scrollWidth > ancestor.clientWidth;
    const scrollsDown = overflowY === 'auto' && ancestor.scrollHeight > ancestor.clientHeight;
    if (scrollsAcross || scrollsDown) return ancestor;
  }
  return null;
}

/** The distance that [start, end] must move to lie within [from, to]. */
const distanceInto = (start: number, end: number, from: number, to: number): number =>
  start < from ? start - from : Math.max(0, end - to);

/**
 * Scrolls an element into view within its scroller when it is selected. `scrollIntoView` would scroll the page too: on a phone,
 * selecting a frame in the strip would move the photograph off the screen.
 */
export function useScrollIntoView(ref: RefObject<Element | null>, selected: boolean): void {
  useEffect(() => {
    if (!selected) return undefined;
    // In an animation frame, because it forces a layout.
    const frame = requestAnimationFrame(() => {
      const scroller = ref.current && scrollerOf(ref.current);
      if (!ref.current || !scroller) return;
      const inner = ref.current.getBoundingClientRect();
      const outer = scroller.getBoundingClientRect();
      scroller.scrollBy({
        left: distanceInto(inner.left, inner.right, outer.left, outer.right),
        top: distanceInto(inner.top, inner.bottom, outer.top, outer.bottom),
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [ref, selected]);
}
