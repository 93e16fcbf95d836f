import { expect, test } from 'vitest';
import { contractOf, lensIds } from './contracts.ts';

/** Names in the page's address and on the command line that a lens must not use for its parameters. */
const taken = [
  ['lens', 'model', 'backend', 'side', 'square', 'out', 'help'],
  ['key', 'heads', 'grid', 'config', 'colours', 'opacityPercent'],
].flat();

test.each(lensIds)('no parameter of %s has a name that means something else', (id) => {
  const { params, drawing } = contractOf(id);
  const names = [...Object.keys(params.fields), ...Object.keys(drawing.fields)];
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => taken.includes(name))).toEqual([]);
});
