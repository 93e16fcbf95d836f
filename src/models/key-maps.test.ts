import { describe, expect, test } from 'vitest';
import type { StoredTensor, TensorTree } from '../formats/tensor-file.ts';
import { mapParameterNames } from './key-maps.ts';

const stored = (name: string, shape: readonly number[] = [1], value = 0): StoredTensor => ({
  name,
  shape,
  storedType: 'F32',
  read: () =>
    Promise.resolve(new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(value)),
});

const treeOf = (...names: readonly string[]): TensorTree =>
  new Map(names.map((name) => [name, stored(name)]));

const mapped = (tree: TensorTree, key?: string): { names: string[]; ignored: readonly string[] } => {
  const { tensors, ignored } = mapParameterNames(tree, key);
  return { names: [...tensors.keys()], ignored };
};

describe('the state dict', () => {
  const network = treeOf('cls_token', 'norm.bias');
  const other = treeOf('weight');

  test.each<[string, TensorTree, string | undefined, string[]]>([
    ['at the top', network, undefined, []],
    ['under model', new Map([['model', network]]), undefined, []],
    [
      'under state_dict',
      new Map<string, TensorTree>([
        ['state_dict', network],
        ['optimizer', other],
      ]),
      undefined,
      ['optimizer'],
    ],
    [
      'of the teacher first',
      new Map([
        ['student', network],
        ['teacher', network],
      ]),
      undefined,
      ['student'],
    ],
    [
      'of the student where there is no teacher',
      new Map([
        ['student', network],
        ['teacher', other],
      ]),
      undefined,
      ['teacher'],
    ],
    [
      'under any name that is asked for',
      new Map([
        ['ema', network],
        ['model', network],
      ]),
      'ema',
      ['model'],
    ],
  ])('%s', (_, tree, key, ignored) => {
    expect(mapped(tree, key)).toEqual({ names: ['cls_token', 'norm.bias'], ignored });
  });

  test('of two in one flat file, by prefix', () => {
    const flat = treeOf(
      'teacher.backbone.cls_token',
      'student.backbone.cls_token',
      'student.backbone.norm.bias',
      'epoch',
    );
    expect(mapped(flat)).toEqual({ names: ['cls_token'], ignored: ['student.*', 'epoch'] });
    expect(mapped(flat, 'student')).toEqual({
      names: ['cls_token', 'norm.bias'],
      ignored: ['teacher.*', 'epoch'],
    });
  });

  test.each<[string, TensorTree, string | undefined, RegExp]>([
    ['nothing', new Map(), undefined, /it holds no tensors/],
    [
      'another network',
      treeOf('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      undefined,
      /\(it holds a, b, c, d, e and 2 more\)/,
    ],
    ['none under that name', new Map([['teacher', network]]), 'ema', /under 'ema' \(it holds teacher\)/],
    ['one network twice', treeOf('cls_token', 'module.cls_token'), undefined, /cls_token twice/],
  ])('is not there: %s', (_, tree, key, problem) => {
    expect(() => mapParameterNames(tree, key)).toThrow(
      expect.objectContaining({
        failure: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
      }) as Error,
    );
  });
});

test('wrappers’ prefixes go, heads are left out and named', () => {
  const tree = treeOf(
    'module.backbone.cls_token',
    'module.backbone._orig_mod.norm.bias',
    'module.head.mlp.0.weight',
    'module.head.last_layer.weight_g',
    'fc.weight',
    'constructor',
  );
  expect(mapped(tree)).toEqual({
    names: ['cls_token', 'norm.bias'],
    ignored: ['head.*', 'fc.*', 'constructor'],
  });
});

test('what other programs count in layers, a layer before the classifier, and registers of which there are none are left out', () => {
  const tree = new Map([
    ...treeOf('cls_token', 'total_ops', 'blocks.0.attn.total_params', 'pre_logits.fc.weight', 'norm.bias'),
    ['register_tokens', stored('register_tokens', [1, 0, 8])] as const,
  ]);
  expect(mapped(tree)).toEqual({
    names: ['cls_token', 'norm.bias'],
    ignored: ['total_ops', 'blocks.0.attn.total_params', 'pre_logits.*', 'register_tokens'],
  });
});

test('FSDP’s prefixes go, those of PyTorch before 2.0 too', () => {
  const wrapped = treeOf(
    '_fsdp_wrapped_module._fpw_module.cls_token',
    'norm._fsdp_wrapped_module._fpw_module.bias',
  );
  expect(mapped(wrapped)).toEqual({ names: ['cls_token', 'norm.bias'], ignored: [] });
});

test('MoCo v3 is known by its prefix; its second encoder and its predictor are left out', () => {
  const tree = treeOf(
    'module.base_encoder.cls_token',
    'module.momentum_encoder.cls_token',
    'module.predictor.0.weight',
  );
  expect(mapped(tree)).toEqual({ names: ['cls_token'], ignored: ['momentum_encoder.*', 'predictor.*'] });
  expect(mapParameterNames(tree, undefined).isMocoV3).toBe(true);
  expect(mapParameterNames(treeOf('module.cls_token'), undefined).isMocoV3).toBe(false);
  // MMPretrain's
  const names = ['backbone.cls_token', 'backbone.patch_embed.projection.weight', 'neck.fc0.weight'];
  expect(mapParameterNames(treeOf(...names), undefined).isMocoV3).toBe(false);
  const momentum = names.map((name) => name.replace('backbone', 'momentum_encoder.module.0'));
  for (const network of ['backbone', 'momentum_encoder'])
    expect(mapParameterNames(treeOf(...names, ...momentum), network).isMocoV3).toBe(true);
});

test.each([
  ['reg_token', true],
  ['register_tokens', false],
])('beside timm’s registers there is no position for CLS: %s', (registers, lacksClsPosition) => {
  const mapping = mapParameterNames(treeOf('cls_token', registers, 'pos_embed'), undefined);
  expect([...mapping.tensors.keys()]).toEqual(['cls_token', 'register_tokens', 'pos_embed']);
  expect(mapping.lacksClsPosition).toBe(lacksClsPosition);
});

test('names that are the official ones but for a part become the official ones', () => {
  const tree = treeOf(
    'cls_token',
    'blocks.0.0.norm1.weight',
    'blocks.1.13.attn.qkv.bias',
    'blocks.1.13.gamma_1',
    'blocks.2.gamma_2',
    'blocks.2.gamma_3',
  );
  expect(mapped(tree).names).toEqual([
    'cls_token',
    'blocks.0.norm1.weight',
    'blocks.13.attn.qkv.bias',
    'blocks.13.ls1.gamma',
    'blocks.2.ls2.gamma',
    'blocks.2.gamma_3',
  ]);
  expect(() => mapped(treeOf('cls_token', 'blocks.0.1.norm1.weight', 'blocks.1.1.norm1.weight'))).toThrow(
    expect.objectContaining({
      failure: expect.objectContaining({
        problem: 'it holds blocks.1.norm1.weight twice, under different names',
      }) as unknown,
    }) as Error,
  );
});

test.each([
  'head.weight',
  'heads.0.bias',
  'head_dist.weight',
  'ibot_head.mlp.0.weight',
  'projection_head.0.weight',
  'fc.weight',
  'prototypes.weight',
  'mask_token',
  'masked_embed',
  'dino_loss.center',
  'decoder_pos_embed',
  'decoder_blocks.0.norm1.weight',
  'decoder.norm.weight',
  'queue',
])('%s is left out', (name) => {
  expect(mapped(treeOf('cls_token', name)).names).toEqual(['cls_token']);
});

test.each(['head.last_layer.parametrizations.weight.original0', 'head.weight_orig', 'head.lora_A.weight'])(
  'what is odd about a head is nothing to the network: %s',
  (name) => {
    expect(mapped(treeOf('cls_token', name))).toEqual({ names: ['cls_token'], ignored: ['head.*'] });
    const within = `blocks.0.attn.${name}`;
    expect(() => mapped(treeOf('cls_token', within))).toThrow('checkpoint-invalid');
  },
);

test.each(['norm_pre.weight', 'blocks.0.attn.q_norm.weight', 'forehead.weight'])(
  '%s is not: whether it counts is not for us to say',
  (name) => {
    expect(mapped(treeOf('cls_token', name)).names).toEqual(['cls_token', name]);
  },
);

test.each<[string, readonly string[], readonly string[]]>([
  [
    'MMPretrain',
    [
      'backbone.cls_token',
      'backbone.pos_embed',
      'backbone.patch_embed.projection.weight',
      'backbone.layers.1.ln1.bias',
      'backbone.layers.1.attn.qkv.weight',
      'backbone.layers.1.attn.proj.bias',
      'backbone.layers.1.attn.gamma1.weight',
      'backbone.layers.1.ln2.weight',
      'backbone.layers.1.ffn.layers.0.0.weight',
      'backbone.layers.1.ffn.layers.1.bias',
      'backbone.layers.1.ffn.gamma2.weight',
      'backbone.ln1.weight',
      'head.layers.head.weight',
    ],
    [
      'cls_token',
      'pos_embed',
      'patch_embed.proj.weight',
      'blocks.1.norm1.bias',
      'blocks.1.attn.qkv.weight',
      'blocks.1.attn.proj.bias',
      'blocks.1.ls1.gamma',
      'blocks.1.norm2.weight',
      'blocks.1.mlp.fc1.weight',
      'blocks.1.mlp.fc2.bias',
      'blocks.1.ls2.gamma',
      'norm.weight',
    ],
  ],
  [
    'MMClassification',
    ['cls_token', 'layers.0.norm1.weight', 'norm1.weight'],
    ['cls_token', 'blocks.0.norm1.weight', 'norm.weight'],
  ],
  [
    'torchvision',
    [
      'vit.class_token',
      'vit.conv_proj.bias',
      'vit.encoder.pos_embedding',
      'vit.encoder.layers.encoder_layer_11.ln_1.weight',
      'vit.encoder.layers.encoder_layer_11.self_attention.in_proj_weight',
      'vit.encoder.layers.encoder_layer_11.self_attention.in_proj_bias',
      'vit.encoder.layers.encoder_layer_11.self_attention.out_proj.weight',
      'vit.encoder.layers.encoder_layer_11.mlp.0.bias',
      'vit.encoder.layers.encoder_layer_11.mlp.3.weight',
      'vit.encoder.layers.encoder_layer_11.mlp.linear_2.bias',
      'vit.encoder.ln.bias',
      'vit.heads.head.weight',
    ],
    [
      'cls_token',
      'patch_embed.proj.bias',
      'pos_embed',
      'blocks.11.norm1.weight',
      'blocks.11.attn.qkv.weight',
      'blocks.11.attn.qkv.bias',
      'blocks.11.attn.proj.weight',
      'blocks.11.mlp.fc1.bias',
      'blocks.11.mlp.fc2.weight',
      'blocks.11.mlp.fc2.bias',
      'norm.bias',
    ],
  ],
  [
    'programs that keep query, key and value apart',
    [
      'cls_token',
      'blocks.0.attn.q.weight',
      'blocks.0.attn.k.weight',
      'blocks.0.attn.v.weight',
      'blocks.1.attn.v_proj.bias',
      'blocks.1.attn.q_proj.bias',
      'blocks.1.attn.k_proj.bias',
    ],
    ['cls_token', 'blocks.0.attn.qkv.weight', 'blocks.1.attn.qkv.bias'],
  ],
])('the names of %s become the official ones', (_, names, official) => {
  expect(mapped(treeOf(...names)).names).toEqual(official);
});

test.each([
  'ls2.gamma',
  'ls2.weight',
  'gamma_2',
  'gamma2',
  'lambda2',
  'layer_scale2.lambda1',
  'layer_scale_2.gamma',
  'layerscale_2',
  'mlp.ls2.gamma',
  'ffn.gamma2.scale',
])('%s is LayerScale', (name) => {
  expect(mapped(treeOf('cls_token', `blocks.0.${name}`)).names).toEqual(['cls_token', 'blocks.0.ls2.gamma']);
});

describe('Hugging Face', () => {
  const layer = 'encoder.layer.3.attention.attention.';
  const attention = (shapes: readonly [string, readonly number[]][]): TensorTree =>
    new Map([
      ['embeddings.cls_token', stored('cls')],
      ...shapes.map(([name, shape], i) => [layer + name, stored(name, shape, i)] as const),
    ]);

  test.each(['', 'vit.'])('every name, after the prefix %j', (prefix) => {
    const names = [
      'embeddings.cls_token',
      'embeddings.position_embeddings',
      'embeddings.patch_embeddings.projection.weight',
      'embeddings.patch_embeddings.projection.bias',
      'encoder.layer.11.layernorm_before.weight',
      'encoder.layer.11.attention.output.dense.bias',
      'encoder.layer.11.layernorm_after.bias',
      'encoder.layer.11.intermediate.dense.weight',
      'encoder.layer.11.output.dense.weight',
      'layernorm.weight',
      'layernorm.bias',
      'encoder.layer.11.lora.weight',
    ].map((name) => prefix + name);
    expect(mapped(treeOf(...names, `${prefix}pooler.dense.bias`, 'classifier.bias'))).toEqual({
      names: [
        'cls_token',
        'pos_embed',
        'patch_embed.proj.weight',
        'patch_embed.proj.bias',
        'blocks.11.norm1.weight',
        'blocks.11.attn.proj.bias',
        'blocks.11.norm2.bias',
        'blocks.11.mlp.fc1.weight',
        'blocks.11.mlp.fc2.weight',
        'norm.weight',
        'norm.bias',
        'encoder.layer.11.lora.weight',
      ],
      ignored: prefix === '' ? ['pooler.*', 'classifier.*'] : ['classifier.*', 'pooler.*'],
    });
  });

  test.each(['', 'vit.', 'model.encoder.'])(
    'every name since transformers 5, after the prefix %j',
    (prefix) => {
      const names = [
        'embeddings.cls_token',
        'layers.3.layernorm_before.weight',
        'layers.3.attention.o_proj.bias',
        'layers.3.mlp.fc1.weight',
        'layers.3.mlp.fc2.weight',
        'layer.4.attention.q_proj.bias',
        'layer.4.attention.k_proj.bias',
        'layer.4.attention.v_proj.bias',
        'layer.4.layer_scale2.lambda1',
        'layernorm.bias',
      ].map((name) => prefix + name);
      expect(mapped(treeOf(...names)).names).toEqual([
        'cls_token',
        'blocks.3.norm1.weight',
        'blocks.3.attn.proj.bias',
        'blocks.3.mlp.fc1.weight',
        'blocks.3.mlp.fc2.weight',
        'blocks.4.ls2.gamma',
        'norm.bias',
        'blocks.4.attn.qkv.bias',
      ]);
    },
  );

  test.each(['', 'dinov2.', 'dinov2_with_registers.'])(
    'every name of DINOv2, after the prefix %j',
    (prefix) => {
      const names = [
        'embeddings.cls_token',
        'embeddings.register_tokens',
        'embeddings.position_embeddings',
        'embeddings.mask_token',
        'encoder.layer.2.norm1.weight',
        'encoder.layer.2.attention.output.dense.bias',
        'encoder.layer.2.layer_scale1.lambda1',
        'encoder.layer.2.norm2.bias',
        'encoder.layer.2.mlp.fc1.weight',
        'encoder.layer.2.mlp.fc2.weight',
        'encoder.layer.2.layer_scale2.lambda1',
        'layernorm.weight',
      ].map((name) => prefix + name);
      expect(mapped(treeOf(...names))).toEqual({
        names: [
          'cls_token',
          'register_tokens',
          'pos_embed',
          'blocks.2.norm1.weight',
          'blocks.2.attn.proj.bias',
          'blocks.2.ls1.gamma',
          'blocks.2.norm2.bias',
          'blocks.2.mlp.fc1.weight',
          'blocks.2.mlp.fc2.weight',
          'blocks.2.ls2.gamma',
          'norm.weight',
        ],
        ignored: ['embeddings.mask_token'],
      });
    },
  );

  test('query, key and value become one, in this order, whatever order they come in', async () => {
    const tree = attention([
      ['value.weight', [2, 3]],
      ['query.weight', [2, 3]],
      ['key.weight', [2, 3]],
    ]);
    const qkv = mapParameterNames(tree, undefined).tensors.get('blocks.3.attn.qkv.weight');
    expect(qkv?.shape).toEqual([6, 3]);
    expect([...((await qkv?.read()) ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
  });

  test.each<[string, readonly [string, readonly number[]][], RegExp]>([
    [
      'a value is missing',
      [
        ['query.bias', [2]],
        ['key.bias', [2]],
      ],
      /query, key and value are not all there/,
    ],
    [
      'the parts do not fit',
      [
        ['query.weight', [2, 3]],
        ['key.weight', [2, 3]],
        ['value.weight', [2, 4]],
      ],
      /the parts \[2, 3\] and \[2, 4\] do not fit/,
    ],
  ])('%s', (_, shapes, problem) => {
    expect(() => mapParameterNames(attention(shapes), undefined)).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ problem: expect.stringMatching(problem) as string }) as unknown,
      }) as Error,
    );
  });
});

test('a classifier’s norm is left out beside the network’s own, and tells another kind in place of it', () => {
  expect(mapped(treeOf('cls_token', 'norm.weight', 'fc_norm.weight', 'fc_norm.bias'))).toEqual({
    names: ['cls_token', 'norm.weight'],
    ignored: ['fc_norm.*'],
  });
  expect(() => mapped(treeOf('cls_token', 'fc_norm.weight', 'fc_norm.bias'))).toThrow(
    expect.objectContaining({
      failure: { code: 'checkpoint-invalid', problem: expect.stringContaining('fc_norm') as string },
    }) as Error,
  );
});
