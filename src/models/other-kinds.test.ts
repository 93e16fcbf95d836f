import { expect, test } from 'vitest';
import type { StoredTensor } from '../formats/tensor-file.ts';
import {
  describeOtherKind,
  describeOtherLayers,
  describeUnreadable,
  describeWithoutCls,
} from './other-kinds.ts';

test.each<[readonly string[], RegExp]>([
  [['cls_token', 'storage_tokens'], /a DINOv3 network \(it has storage_tokens\)/],
  [['cls_token', 'rope_embed.periods'], /a DINOv3 network/],
  [['cls_token', 'reg_token', 'blocks.0.norm1.weight'], /reg_token and no position embedding, as DINOv3/],
  [['embeddings.cls_token', 'embeddings.register_tokens'], /no position embedding, as DINOv3/],
  [['cls_token', 'blocks.0.attn.relative_position_bias_table'], /relative .* as BEiT's are/],
  [['cls_token', 'pos_embeder.token_projection.weight'], /an XCiT network/],
  [['embeddings.cls_token', 'encoder.layer.0.mlp.weights_in.weight'], /gated \(SwiGLU, encoder\./],
  [['cls_token', 'blocks.0.attn.qkv.lora_A.default.weight'], /LoRA weights beside its own .* merge/],
  [['cls_token', 'blocks.0.attn.qkv.weight_orig'], /it was pruned, .*weight_orig/],
  [['cls_token', 'blocks.0.attn.qkv.parametrizations.weight.original0'], /computed from others/],
  [
    ['cls_token', 'blocks.0.attn.qkv.weight_orig', 'blocks.0.attn.qkv.weight_u'],
    /computed from others \(.*spectral_norm/,
  ],
  [['cls_token', 'blocks.0.mlp.w1.weight', 'blocks.0.mlp.w2.weight'], /gated \(SwiGLU, blocks\.0\.mlp\.w1/],
  [['cls_token', 'blocks.0.mlp.fc1_g.weight', 'blocks.0.mlp.fc1_x.weight'], /gated \(SwiGLU/],
  [['cls_token', 'patch_embed.backbone.stem.conv.weight', 'patch_embed.proj.weight'], /a hybrid/],
  [
    ['embeddings.cls_token', 'embeddings.patch_embeddings.backbone.bit.embedder.convolution.weight'],
    /a hybrid/,
  ],
  [['cls_token', 'patch_embed.proj.0.weight'], /from several convolutions \(it has patch_embed\.proj\.0/],
  [['cls_token', 'dist_token'], /a distilled DeiT/],
  [
    ['cls_token', 'blocks.0.gamma_1', 'blocks_token_only.0.gamma_1'],
    /a CaiT network \(it has blocks_token_only/,
  ],
  [['cls_token', 'blocks.0.attn.proj_l.weight'], /a CaiT network \(it has blocks\.0\.attn\.proj_l/],
  [['cls_token', 'blocks.1.mlp.experts.0.fc1.weight'], /experts .*\(it has blocks\.1\.mlp\.experts\.0/],
  [['cls_token', 'blocks.1.mlp.gate.wg.weight'], /mixtures of experts/],
  [['embeddings.cls_token', 'encoder.layer.0.mlp.experts.gate_up_proj'], /mixtures of experts/],
  [['cls_token', 'blocks.1.moe.router.weight'], /mixtures of experts/],
  [['embeddings.cls_token', 'embeddings.distillation_token'], /a distilled DeiT/],
  [
    ['cls_token', 'blocks.0.norm1.weight', 'fc_norm.weight', 'fc_norm.bias'],
    /mean of the patches .* \(fc_norm\), .* before the fine-tuning/,
  ],
  // PyTorch's dynamic quantization, GPTQ, bitsandbytes with four and eight bits, DeepSeek's and Hugging Face's fp8.
  [['blocks.0.attn.qkv._packed_params._packed_params'], /quantized \(it has blocks\.0\.attn\.qkv\._packed/],
  [['blocks.0.attn.qkv.qweight'], /quantized/],
  [['blocks.0.attn.qkv.weight.absmax'], /quantized/],
  [['blocks.0.attn.qkv.SCB'], /quantized/],
  [['blocks.0.attn.qkv.weight_scale'], /quantized/],
  [['blocks.0.attn.qkv.weight_scale_inv'], /quantized/],
])('%j says what it is', (names, sentence) => {
  expect(describeOtherKind(names)).toMatch(sentence);
});

test.each([
  [['cls_token', 'pos_embed', 'register_tokens', 'blocks.0.ls1.gamma']],
  [['embeddings.cls_token', 'embeddings.position_embeddings', 'embeddings.register_tokens']],
  [['blocks.0.attn.relative_position_index']],
  [['cls_token', 'norm.weight', 'fc_norm.weight']],
])('%j is nothing else', (names) => {
  expect(describeOtherKind(names)).toBeNull();
});

test.each<[readonly string[], RegExp | null]>([
  [['visual.class_embedding', 'visual.ln_pre.weight'], /a CLIP network \(it has visual\.class_embedding\)/],
  [['model.layers.0.blocks.0.attn.relative_position_bias_table'], /as Swin's are/],
  [['teacher.backbone.layer1.0.conv1.weight', 'teacher.backbone.bn1.weight'], /a convolutional network/],
  [['base_model.blocks.0.attn.qkv.lora_A.weight'], /only LoRA weights/],
  [['teacher.backbone._flat_param'], /flattened by FSDP/],
  [['state_dict.module.linear.weight', 'state_dict.module.linear.bias'], /a linear classifier/],
  [['encoder.patch_embed.proj.weight', 'encoder.blocks.0.norm1.weight'], /without a CLS token/],
  [['blocks.3.norm1.weight', 'blocks.4.norm1.weight', 'norm.weight'], null],
  [['patch_embed.proj.weight', 'pos_embed', 'norm.weight'], null],
  [['model.diffusion_model.input_blocks.0.0.weight'], /a UNet/],
  [['model.diffusion_model.out.0.weight'], null],
  [
    ['bert.embeddings.word_embeddings.weight', 'bert.encoder.layer.0.output.dense.weight'],
    /a network of words/,
  ],
  [['model.embed_tokens.weight', 'model.layers.0.self_attn.q_proj.weight'], /a network of words/],
  [['downsample_layers.0.0.weight', 'stages.0.0.gamma', 'norms.3.weight'], /as ConvNeXt is/],
  [['stem.0.weight', 'stages.0.blocks.0.conv_dw.weight'], /as ConvNeXt is/],
  [['loss'], null],
  [[], null],
])('without a CLS token, %j says what it is', (names, sentence) => {
  const said = describeWithoutCls(names);
  if (sentence === null) expect(said).toBeNull();
  else expect(said).toMatch(sentence);
});

test.each<[readonly string[], readonly string[], RegExp | null]>([
  [['blocks.0.attn.qkv.base_layer.weight'], ['blocks.0.attn.qkv.weight'], /PEFT .*merge_and_unload/],
  [
    ['blocks.0.attn.qkv.weight_g', 'blocks.0.attn.qkv.weight_v'],
    ['blocks.0.attn.qkv.weight'],
    /remove_weight_norm/,
  ],
  [['norm_pre.weight'], [], /normalises its tokens before the first block \(it has norm_pre\.weight\)/],
  [['blocks.0.attn.q_norm.weight'], [], /normalises queries and keys/],
  [[], ['blocks.0.norm1.bias', 'blocks.0.norm2.bias', 'norm.bias'], /RMSNorm/],
  [[], ['blocks.0.norm1.bias', 'blocks.0.mlp.fc1.bias'], /no biases \(blocks\.0\.norm1\.bias\)/],
  [[], ['norm.weight', 'norm.bias'], null],
  [[], ['norm.bias'], /^a norm of it has no bias \(norm\.bias\), .*; where it is one part of several/],
  [['blocks.0.other'], [], null],
])('beside what can be run %j, without %j, says in what it differs', (unexpected, missing, sentence) => {
  const said = describeOtherLayers(unexpected, missing);
  if (sentence === null) expect(said).toBeNull();
  else expect(said).toMatch(sentence);
});

test('parameters without values are parts of a run', () => {
  const empty = new Map([
    [
      'cls_token',
      { name: '', storedType: 'F32', shape: [0], read: () => Promise.resolve(new Float32Array()) },
    ],
  ]);
  expect(describeUnreadable(empty)).toMatch(/cls_token has no values.* put the parts together/);
});

const fileOf = (name: string, storedType: string): ReadonlyMap<string, StoredTensor> =>
  new Map([[name, { name, storedType, shape: [1], read: () => Promise.reject(new Error('not read')) }]]);

test.each([
  ['F8_E4M3'],
  ['F8_E5M2'],
  ['F6_E2M3'],
  ['F4'],
  ['I8'],
  ['U8'],
  ['torch.float8_e4m3fn'],
  ['torch.QInt8Storage'],
  ['torch.QUInt4x2Storage'],
  ['torch.CharStorage'],
  ['torch.ByteStorage'],
  ['torch.int4'],
])('weights of the type %s are quantized', (type) => {
  expect(describeUnreadable(fileOf('blocks.0.attn.qkv.weight', type))).toBe(
    `its weights are quantized (blocks.0.attn.qkv.weight is stored as ${type}); ` +
      'only float16, bfloat16, float32 and float64 can be read; take the file from which it was made',
  );
});

test.each([
  ['norm.bias', 'I32', 'norm.bias has the type I32, which is not a float type'],
  ['pos_embed', 'torch.LongStorage', 'pos_embed has the type torch.LongStorage, which is not a float type'],
  [
    'blocks.3.mlp.fc1.weight',
    'torch._utils._rebuild_sparse_tensor',
    'blocks.3.mlp.fc1.weight is sparse; save it as a dense tensor (to_dense)',
  ],
  [
    'cls_token',
    'torch._utils._rebuild_meta_tensor_no_storage',
    'cls_token was saved without its values, from the device "meta" or from many devices',
  ],
  [
    'cls_token',
    'numpy._core.multiarray._reconstruct',
    'cls_token is an array of NumPy of another type than float16, float32 and float64, which alone can be read',
  ],
  ['cls_token', 'torch._utils._rebuild_nested_tensor', 'cls_token is a kind of tensor that cannot be read'],
  ['norm.bias', 'BF16', null],
  ['blocks.0.attn.relative_position_index', 'I64', null],
  ['num_batches_tracked', 'torch.LongStorage', null],
])('%s of the type %s: %s', (name, type, sentence) => {
  expect(describeUnreadable(fileOf(name, type))).toBe(sentence);
});
