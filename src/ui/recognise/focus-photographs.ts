import { type RefObject, useLayoutEffect } from 'react';

/** Of the list of photographs, or of the map in its place. */
export const photographsId = 'recognise-photographs';

/** Where the keys go on after a button or a field that is removed, or has done its work. */
export const focusPhotographs = (): void =>
  document.getElementById(photographsId)?.focus({ preventScroll: true });

/** Whether the list or the map had the focus when it was last taken out of the page. */
let hadFocus = false;

/** The list and the map take each other's place, and the keys go on in the other one. */
export function useFocusOfPhotographs(element: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const own = element.current;
    if (hadFocus) own?.focus({ preventScroll: true });
    hadFocus = false;
    return () => {
      hadFocus = own !== null && document.activeElement === own;
    };
  }, [element]);
}
