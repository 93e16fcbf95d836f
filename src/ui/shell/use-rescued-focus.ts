import { useEffect } from 'react';

/** The parts of the page that have a name, which a screen reader says when the focus comes to them. */
const namedParts = 'main, dialog, section[aria-label], section[aria-labelledby]';

const partsAround = (element: Element): HTMLElement[] => {
  const parts: HTMLElement[] = [];
  for (let at = element.parentElement; at !== null; at = at.parentElement)
    if (at.matches(namedParts)) parts.push(at);
  return parts;
};

/**
 * Where what has the focus is removed or disabled, browsers give the focus to the document: a person at the keyboard begins at the top
 * again, and a screen reader says nothing. The smallest named part of the page around it takes the focus instead, or that of the page’s content. A component that knows a
 * better place moves the focus there at once, before this.
 */
export function useRescuedFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    let around: readonly HTMLElement[] = [];
    const isNowhere = (): boolean => document.activeElement === document.body;
    const isGone = (element: Element): boolean => !element.isConnected || element.matches(':disabled');
    const isLost = (): boolean => last !== null && isNowhere() && isGone(last);
    const remember = ({ target }: FocusEvent): void => {
      last = target instanceof Element ? target : null;
      around = last === null ? [] : partsAround(last);
    };
    const forget = (): void => {
      // A click beside everything takes the focus away, which is meant. Told before the next key: on a busy machine a timer runs later.
      queueMicrotask(() => {
        if (document.hasFocus() && isNowhere() && last !== null && !isGone(last)) last = null;
      });
    };
    const rescue = (): void => {
      if (!isLost()) return;
      last = null;
      const main = document.querySelector<HTMLElement>('main');
      const content = document.querySelector('#content')?.closest<HTMLElement>(namedParts);
      const within = main?.querySelectorAll<HTMLElement>(namedParts) ?? [];
      // What is laid out as if it were not there (`display: contents`) cannot have the focus.
      const part = [...around, main, content, ...within].find(
        (each) => each?.isConnected && each.getClientRects().length > 0,
      );
      if (!part) return;
      if (!part.hasAttribute('tabindex')) part.tabIndex = -1;
      part.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(() => {
      if (isLost()) setTimeout(rescue);
    });
    document.addEventListener('focusin', remember);
    document.addEventListener('focusout', forget);
    observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled'] });
    return () => {
      observer.disconnect();
      document.removeEventListener('focusin', remember);
      document.removeEventListener('focusout', forget);
    };
  }, []);
}
