import { type RefObject, useEffect } from 'react';

/** The nearest ancestor that scrolls by itself; null where only the page does. */
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

/** How far [start, end] has to move to lie within [from, to]. */
const distanceInto = (start: number, end: number, from: number, to: number): number =>
  start < from ? start - from : Math.max(0, end - to);

/**
 * Brings an element into its scroller's sight when it gets selected. Not by `scrollIntoView`, which moves the page too: on
 * a phone the photograph would leave the screen whenever its frame in the strip is selected.
 */
export function useScrollIntoView(ref: RefObject<Element | null>, selected: boolean): void {
  useEffect(() => {
    if (!selected) return undefined;
    // In a frame of its own: it makes the browser lay out.
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
