import { type RefObject, useEffect } from 'react';

/** Brings an element into its scroller's sight when it gets selected. In a frame of its own: it makes the browser lay out. */
export function useScrollIntoView(ref: RefObject<Element | null>, selected: boolean): void {
  useEffect(() => {
    if (!selected) return undefined;
    const frame = requestAnimationFrame(() =>
      ref.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
    );
    return () => cancelAnimationFrame(frame);
  }, [ref, selected]);
}
