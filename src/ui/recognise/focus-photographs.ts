/** Of the list of photographs, or of the map in its place. */
export const photographsId = 'recognise-photographs';

/** Where the keys go on after a button or a field that is removed, or has done its work. */
export const focusPhotographs = (): void =>
  document.getElementById(photographsId)?.focus({ preventScroll: true });
