/** @returns as in "1 photograph" and "2 photographs" */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
