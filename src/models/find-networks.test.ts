import { describe, expect, test } from 'vitest';
import type { StoredTensor, TensorTree } from '../formats/tensor-file.ts';
import { findNetworks, networksNamed } from './find-networks.ts';

const stored = (name: string): StoredTensor => ({
  name,
  shape: [1],
  storedType: 'F32',
  read: () => Promise.resolve(new Float32Array(1)),
});

interface Nested {
  readonly [key: string]: Nested | true;
}

/** `true` stands for a tensor. */
const treeOf = (nested: Nested): TensorTree =>
  new Map(Object.entries(nested).map(([key, node]) => [key, node === true ? stored(key) : treeOf(node)]));

const network = (prefix = ''): Nested =>
  Object.fromEntries(
    ['cls_token', 'patch_embed.proj.weight', 'norm.bias'].map((name) => [prefix + name, true]),
  );

const namesOf = (nested: Nested): string[] => findNetworks(treeOf(nested)).map(({ name }) => name);

describe('a network is named by what stands before its cls_token', () => {
  test.each<[string, Nested, string[]]>([
    ['nothing', network(), ['']],
    ['a dictionary', { state_dict: network() }, ['state_dict']],
    ['a prefix', network('model.backbone.'), ['model.backbone']],
    ['both', { model: network('encoder.') }, ['model.encoder']],
    ['many dictionaries', { a: { b: { c: network() } } }, ['a.b.c']],
    ['wrappers alone', { module: network('module._orig_mod.') }, ['']],
    ['wrappers in between', { app: network('net.module.vit._orig_mod.') }, ['app.net.vit']],
    [
      'Hugging Face’s embeddings',
      { 'vit.embeddings.cls_token': true, 'vit.embeddings.patch_e': true },
      ['vit'],
    ],
  ])('%s', (_, nested, names) => {
    expect(namesOf(nested)).toEqual(names);
  });

  test.each<[string, Nested, string[]]>([
    ['by what differs', { model: { ...network('a.vit.'), ...network('b.vit.') } }, ['a', 'b']],
    ['by the whole where one has nothing of its own', { ...network(), ema: network() }, ['top', 'ema']],
    ['by the whole where the rest is the same', { ...network('a.b.'), ...network('b.a.') }, ['a.b', 'b.a']],
    ['with a number where nothing tells them apart', { ...network(), module: network() }, ['top', 'top-2']],
  ])('several are told apart %s', (_, nested, names) => {
    expect(namesOf(nested)).toEqual(names);
  });

  test('one dictionary under two names is two networks', () => {
    const one = treeOf(network());
    expect(
      findNetworks(
        new Map([
          ['student', one],
          ['teacher', one],
        ]),
      ).map(({ name }) => name),
    ).toEqual(['teacher', 'student']);
  });
});

test.each<[string, string[], string[]]>([
  ['the teacher first', ['student', 'teacher'], ['teacher', 'student']],
  ['however it is written', ['net', 'ema_teacher'], ['ema_teacher', 'net']],
  ['solo-learn’s momentum backbone', ['backbone', 'momentum_backbone'], ['momentum_backbone', 'backbone']],
  ['averages after what they are of', ['model_ema', 'model'], ['model', 'model_ema']],
  [
    'MoCo v3’s momentum encoder second',
    ['momentum_encoder', 'base_encoder'],
    ['base_encoder', 'momentum_encoder'],
  ],
  ['else in the order of the file', ['b', 'a'], ['b', 'a']],
])('where nothing is said, %s', (_, prefixes, names) => {
  expect(namesOf(Object.assign({}, ...prefixes.map((prefix) => network(`${prefix}.`))) as Nested)).toEqual(
    names,
  );
  expect(namesOf(Object.fromEntries(prefixes.map((prefix) => [prefix, network()])))).toEqual(names);
});

test('an optimizer’s moments by the parameters’ names are no network, nor is a token without patches beside one', () => {
  expect(
    namesOf({
      ...network('teacher.'),
      ...network('optimizer.exp_avg.'),
      optimizer_states: { exp_avg: network() },
      opt: { m: network() },
      grads: network(),
      'decoder.cls_token': true,
    }),
  ).toEqual(['teacher']);
  // Where there is nothing else, what is missing can be said.
  expect(namesOf({ cls_token: true })).toEqual(['']);
});

test('torchvision’s token and patches have other names', () => {
  expect(
    namesOf({ 'vit.class_token': true, 'vit.conv_proj.weight': true, 'decoder.cls_token': true }),
  ).toEqual(['vit']);
});

test('each network has its own parameters, and what lies beside it is listed', () => {
  const [teacher, student] = findNetworks(
    treeOf({
      epoch: true,
      model: {
        ...network('student.backbone.'),
        ...network('teacher.backbone.'),
        'teacher.head.mlp.0.weight': true,
        'dino_loss.center': true,
      },
      optimizer: {},
    }),
  );
  expect([...(teacher?.nodes.keys() ?? [])]).toEqual(['cls_token', 'patch_embed.proj.weight', 'norm.bias']);
  expect(teacher?.beside).toEqual(['epoch', 'optimizer', 'student.*', 'head.*', 'dino_loss.*']);
  expect(student?.beside).toEqual(['epoch', 'optimizer', 'teacher.*', 'dino_loss.*']);
});

test('a network within another one’s names is its own', () => {
  const [first, second] = findNetworks(treeOf({ ...network(), ...network('ema.'), 'head.weight': true }));
  expect([...(first?.nodes.keys() ?? [])]).toEqual([
    'cls_token',
    'patch_embed.proj.weight',
    'norm.bias',
    'head.weight',
  ]);
  expect(second?.beside).toEqual(['cls_token', 'patch_embed.*', 'norm.*', 'head.*']);
});

test('a name may be any of those that stand before the parameters', () => {
  const networks = findNetworks(
    treeOf({ model: { ...network('teacher.vit.'), ...network('student.vit.') } }),
  );
  const named = (key: string): string[] => networksNamed(networks, key).map(({ name }) => name);
  expect(named('student')).toEqual(['student']);
  expect(named('model.student.vit')).toEqual(['student']);
  expect(named('model.module.student')).toEqual(['student']);
  expect(named('vit')).toEqual(['teacher', 'student']);
  expect(named('model.vit')).toEqual([]);
  expect(named('stud')).toEqual([]);
});

test('dictionaries that hold each other over and over cost nothing', () => {
  const inner = new Map<string, StoredTensor | TensorTree>(treeOf(network()));
  for (let i = 0; i < 20_000; i++) inner.set(`again-${i}`, inner);
  expect(findNetworks(inner).length).toBe(64);
  let deep: TensorTree = treeOf(network());
  for (let i = 0; i < 100_000; i++) deep = new Map([['a', deep]]);
  expect(findNetworks(deep)).toEqual([]);
});

test('what lies before a network hides it not, however much it is', () => {
  const rows = Object.fromEntries(
    Array.from({ length: 15_000 }, (_, i) => [`row-${i}`, { kept: true as const }]),
  );
  expect(namesOf({ rows, model: { teacher: network() } })).toEqual(['model.teacher']);
  expect(namesOf({ optimizer: { state: rows }, ema: { of: network() } })).toEqual(['ema.of']);
});
