import { expect, test } from 'vitest';
import { findRepeatedName } from './repeated-name.ts';

test.each<[string, string | null]>([
  ['{}', null],
  ['{"a": 1, "b": 2}', null],
  ['{"a": 1, "a": 2}', 'a'],
  ['{"a": {"b": 1}, "c": {"b": 1}}', null],
  ['{"a": {"b": 1, "b": 1}}', 'b'],
  ['{"a": [{"b": 1}, {"b": 1}, "b", "b"], "b": ["a", "a"]}', null],
  ['{"a": "a", "b": "a"}', null],
  // The same name in another spelling.
  ['{"a": 1, "\\u0061": 2}', 'a'],
  ['{"a\\"": 1, "b": "\\\\", "a\\"": 2}', 'a"'],
  ['{"\\\\": 1, "x{": "}", "[": 1, "x{": 1}', 'x{'],
  ['["a", "a"]', null],
  ['{"__proto__": 1, "__proto__": 2}', '__proto__'],
])('%s', (json, name) => {
  expect(JSON.parse(json)).toBeDefined();
  expect(findRepeatedName(json)).toBe(name);
});
