/** The type by which photographs of a collection are dragged to a class, within the page. Their indices, with spaces between. */
export const draggedItems = 'application/x-dinoscope-items';

export const readDraggedItems = (data: DataTransfer): readonly number[] =>
  data
    .getData(draggedItems)
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
