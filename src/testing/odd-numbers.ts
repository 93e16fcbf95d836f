/** Replacements for a number in damaged JSON: signs, limits, overflow, other types. */
export const oddNumbers = [
  '-1',
  '0',
  '3',
  '44',
  '1e15',
  '4503599627370496',
  '1e309',
  '1e-3',
  '"1"',
  '[]',
  'null',
] as const;
