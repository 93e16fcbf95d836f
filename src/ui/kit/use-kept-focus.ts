import { type RefObject, useEffect } from 'react';

/**
 * A press may take the pressed button away (Download becomes Cancel). Then the focus goes to what has come in its place, not
 * to nowhere.
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
      // Without a new target the old one was removed, or the window lost the focus: the observer tells which.
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
