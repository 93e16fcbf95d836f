import { describe, expect, test } from 'vitest';
import type { ModuleSettings } from '../formats/pytorch-tensors.ts';
import type { TensorTree } from '../formats/tensor-file.ts';
import { describeActivation, epsOfModules, headsOfModules, modulesOf } from './settings-of-modules.ts';

const module = (name: string, attributes: object, type = 'my.Layer'): ModuleSettings => ({
  name,
  type,
  attribute: (own) => Object.entries(attributes).find(([each]) => each === own)?.[1] as unknown,
});

const attentions = (...heads: readonly unknown[]): ModuleSettings[] =>
  heads.map((each, block) => module(`blocks.${block}.attn`, { num_heads: each }));

test.each<[string, readonly ModuleSettings[], number | undefined]>([
  ['every attention layer says the same', attentions(12, 12, 12), 12],
  ['Hugging Face’s name', [1, 2].map(() => module('', { num_attention_heads: 6 })), 6],
  ['layers that differ', attentions(12, 12, 16), undefined],
  ['fewer layers than blocks', attentions(8), undefined],
  ['no number', attentions('many', 0.5), undefined],
  ['nothing', [], undefined],
])('of two blocks: %s', (_, modules, heads) => {
  expect(headsOfModules(modules, 2)).toBe(heads);
});

describe('the modules of one network', () => {
  const tree: TensorTree = new Map();
  const other: TensorTree = new Map();
  const of = (prefix: string[], modules: readonly (readonly [TensorTree, readonly ModuleSettings[]])[]) =>
    modulesOf({ tree, prefix }, new Map(modules)).map(({ name }) => name);
  const block = (name: string): ModuleSettings => module(name, {});

  test.each<[string, string[], readonly string[], readonly string[]]>([
    ['of its blocks', [], ['', 'blocks.0.attn', 'pool', 'decoder_blocks.0.attn'], ['blocks.0.attn']],
    ['behind its prefix', ['t'], ['t.blocks.0.attn', 's.blocks.0.attn'], ['blocks.0.attn']],
    ['behind a wrapper', ['t'], ['module.t.blocks.0.attn', 'blocks.1.attn'], ['blocks.0.attn']],
    [
      'Hugging Face’s',
      ['vit'],
      ['vit.encoder.layer.1.attention', 'vit.pooler'],
      ['encoder.layer.1.attention'],
    ],
    ['all of it where no name tells the blocks', [], ['0', '1'], ['0', '1']],
  ])('are those %s', (_, prefix, names, expected) => {
    expect(
      of(prefix, [
        [other, [block('blocks.7.attn')]],
        [tree, names.map(block)],
      ]),
    ).toEqual(expected);
  });

  test('are those of the whole file where it was not saved as an object', () => {
    expect(of([], [[other, [block('blocks.7.attn')]]])).toEqual(['blocks.7.attn']);
  });
});

test.each<[string, string, object, string | null]>([
  ['blocks.0.mlp.act', 'torch.nn.modules.activation.GELU', { approximate: 'none' }, null],
  ['blocks.0.mlp.act', 'torch.nn.modules.activation.GELU', {}, null],
  ['layer.0.intermediate.intermediate_act_fn', 'transformers.activations.GELUActivation', {}, null],
  ['blocks.0.attn.act', 'torch.nn.modules.activation.ReLU', {}, null],
  ['head.act', 'torch.nn.modules.activation.ReLU', {}, null],
  [
    'blocks.0.mlp.act',
    'torch.nn.modules.activation.GELU',
    { approximate: 'tanh' },
    'an approximate GELU (blocks.0.mlp.act)',
  ],
  ['blocks.1.mlp.act', 'torch.nn.modules.activation.ReLU', {}, 'ReLU (blocks.1.mlp.act)'],
  ['blocks.1.mlp.act', 'timm.layers.activations.QuickGELU', {}, 'QuickGELU (blocks.1.mlp.act)'],
])('the activation %s of the type %s, %j', (name, type, attributes, says) => {
  expect(describeActivation([module(name, attributes, type)])).toBe(says);
});

const norm = (eps: unknown): ModuleSettings => module('', { normalized_shape: [12], eps });

test.each<[string, readonly ModuleSettings[], number | undefined]>([
  ['all layer norms say the same', [1, 2, 3, 4, 5].map(() => norm(1e-5)), 1e-5],
  ['a head says another', [norm(1e-6), norm(1e-6), norm(1e-5), norm(1e-6), norm(1e-6)], 1e-6],
  ['fewer norms than two a block', [norm(1e-5), norm(1e-5), norm(1e-5)], undefined],
  [
    'two networks that differ',
    [1e-5, 1e-6].flatMap((eps) => [norm(eps), norm(eps), norm(eps), norm(eps)]),
    undefined,
  ],
  ['norms of batches', [1, 2, 3, 4].map(() => module('', { num_features: 12, eps: 1e-5 })), undefined],
  ['no epsilon', [norm(0), norm(null), norm(1), norm('small')], undefined],
])('the epsilon of two blocks: %s', (_, modules, eps) => {
  expect(epsOfModules(modules, 2)).toBe(eps);
});
