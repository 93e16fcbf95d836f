import { expect, test } from 'vitest';
import { isIndexName, partsByIndex, partsByName } from './checkpoint-parts.ts';

test.each<[string, string, string[]]>([
  [
    'model-00001-of-00002.safetensors',
    'model.safetensors',
    ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
  ],
  [
    'pytorch_model-00003-of-00003.bin',
    'pytorch_model.bin',
    [1, 2, 3].map((number) => `pytorch_model-0000${number}-of-00003.bin`),
  ],
  ['a-01-of-01.pth', 'a.pth', ['a-01-of-01.pth']],
])('%s belongs to %s', (name, title, names) => {
  expect(partsByName(name)).toEqual({ title, names });
});

test.each([
  'model.safetensors',
  'dino-of-2.pth',
  'dino-010-of-100.pth',
  'vit-1000-of-2000.safetensors',
  'model-00003-of-00002.safetensors',
  'model-00000-of-00000.bin',
  'model-000001-of-999999.bin',
])('%s stands by itself', (name) => {
  expect(partsByName(name)).toBeNull();
});

test('an index tells its parts, each once, by names and no paths', () => {
  const weight_map = { a: 'x.safetensors', b: 'y.safetensors', c: 'x.safetensors', d: '../z', e: 5, f: '..' };
  expect(partsByIndex('model.safetensors.index.json', { metadata: {}, weight_map })).toEqual({
    title: 'model.safetensors',
    names: ['x.safetensors', 'y.safetensors'],
  });
  for (const json of [
    null,
    [],
    'text',
    {},
    { weight_map: null },
    { weight_map: {} },
    { weight_map: { a: '/etc' } },
  ])
    expect(partsByIndex('model.safetensors.index.json', json)).toBeNull();
});

test('an index is told by its name', () => {
  expect(isIndexName('pytorch_model.bin.index.json')).toBe(true);
  expect(isIndexName('model.safetensors.index.fp16.json')).toBe(true);
  expect(isIndexName('config.json')).toBe(false);
});
