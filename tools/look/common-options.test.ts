import { expect, test } from 'vitest';
import { partProblem } from './common-options.ts';

test.each([
  [{ block: 2 }, '--block 2: nano has 1 block.'],
  [{ token: 2 }, '--token 2: nano has 1 register.'],
  [{ head: 1 }, '--view 2: nano has 1 head.'],
  [{ block: 1, token: 1, head: 0 }, null],
  [{ block: 'last', head: 'all' }, null],
])('of a network with one of each, %j is %s', (asked, problem) => {
  expect(partProblem(asked, { title: 'nano', depth: 1, numRegisters: 1, numHeads: 1 })).toBe(problem);
});

test('of a network without registers none can be asked', () => {
  const model = { title: 'nano', depth: 12, numRegisters: 0, numHeads: 6 };
  expect(partProblem({ token: 1 }, model)).toBe('--token 1: nano has no registers.');
  expect(partProblem({ block: 13 }, model)).toBe('--block 13: nano has 12 blocks.');
});
