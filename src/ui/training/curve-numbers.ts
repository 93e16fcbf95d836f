/** Numbers of the curves for people: never with an exponent where decimals do. */

/** Below this a number has too many zeros to be read. */
const leastDecimal = 1e-6;

/** @returns three decimals, or for what is smaller two digits: 0.006, 0.000078 */
export function formatCurve(value: number): string {
  const size = Math.abs(value);
  if (size >= 0.0095 / 10 || size === 0 || !Number.isFinite(value)) return value.toFixed(3);
  if (size < leastDecimal) return value.toExponential(1);
  return value.toFixed(1 - Math.floor(Math.log10(size)));
}

/** Of an axis, without zeros at the end. */
export function formatTick(value: number): string {
  const short = Number(value.toPrecision(3));
  const size = Math.abs(short);
  if (size >= 0.001 || size === 0) return String(short);
  if (size < leastDecimal) return short.toExponential();
  return short.toFixed(2 - Math.floor(Math.log10(size))).replace(/0+$/, '');
}
