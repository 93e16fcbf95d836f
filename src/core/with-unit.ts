/** A number and its unit, which never break apart at the end of a line. */
export const withUnit = (value: number | string, unit: string): string => `${value}\u00a0${unit}`;
