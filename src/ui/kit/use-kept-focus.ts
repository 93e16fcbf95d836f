import { type RefObject, useEffect } from 'react';

/**
 * A click may remove the clicked button (Download becomes Cancel) and with it the focus. The focus then moves to the element that
 * replaced it.
 */
export function useKeptFocus(row: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = row.current;
    if (!element) return undefined;
    let focused: Element | null = null;
    const remember = (event: FocusEvent): void => {
      focused = event.target instanceof Element ? event.target : null;
    };
    const forget = (event: FocusEvent): void => {
      // Without a new target, either the element was removed or the window lost the focus. The observer tells which.
      if (event.relatedTarget !== null) focused = null;
    };
    const observer = new MutationObserver((changes) => {
      if (focused === null || focused.isConnected) return;
      focused = null;
      const added = changes
        .flatMap(({ addedNodes }) => [...addedNodes])
        .filter((node) => node instanceof Element);
      const buttons = added.flatMap((node) => [node, ...node.querySelectorAll('*')]);
      const next = buttons.find(
        (node) => node instanceof HTMLButtonElement && !node.disabled && node.isConnected,
      );
      (next instanceof HTMLElement ? next : element).focus();
    });
    element.addEventListener('focusin', remember);
    element.addEventListener('focusout', forget);
    observer.observe(element, { childList: true, subtree: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('focusin', remember);
      element.removeEventListener('focusout', forget);
    };
  }, [row]);
}
