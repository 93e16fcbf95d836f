/** @returns as in "1 photograph" and "2 photographs" */
export const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
