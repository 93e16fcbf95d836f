import { expect, test } from 'vitest';
import { parameterShapes } from '../core/architecture.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { isExactGelu, readNetworkConfig } from './network-config.ts';

const shapes = parameterShapes(vitSmall16);

test.each<[unknown, number | undefined]>([
  [{ num_attention_heads: 6, hidden_size: 384 }, 6],
  [{ num_attention_heads: 6, num_hidden_layers: 12, patch_size: [16, 16] }, 6],
  [{ architecture: 'vit_small_patch16_224' }, undefined],
  [{ num_attention_heads: '6' }, undefined],
  [null, undefined],
  ['text', undefined],
])('the config %j gives %j heads', (config, heads) => {
  expect(readNetworkConfig(config, shapes).numHeads).toBe(heads);
});

test.each<[object, string]>([
  [{ hidden_size: 768 }, 'its hidden_size is 768, and the tensors’ is 384'],
  [{ num_features: 768 }, 'its num_features is 768, and the tensors’ is 384'],
  [{ num_hidden_layers: 24 }, 'its num_hidden_layers is 24, and the tensors’ is 12'],
  [{ patch_size: 14 }, 'its patch_size is 14, and the tensors’ is 16'],
  [{ patch_size: [16, 8] }, 'its patch_size is 8, and the tensors’ is 16'],
])('the config %j is another network’s, and nothing of it is used', (config, contradiction) => {
  const stated = { num_attention_heads: 12, image_size: 32, hidden_act: 'relu', ...config };
  expect(readNetworkConfig(stated, shapes)).toEqual({ config: undefined, contradiction });
});

test.each([
  { model_type: 'bert', hidden_size: 384, num_hidden_layers: 12, num_attention_heads: 12, vocab_size: 30522 },
  { model_type: 'wav2vec2', hidden_size: 768, num_attention_heads: 12 },
  { num_attention_heads: 12, vocab_size: 30522 },
])('the config %j is about no Vision Transformer, and is passed over', (config) => {
  expect(readNetworkConfig(config, shapes)).toEqual({ config: undefined });
});

test.each([
  [1e-5, 1e-5],
  [1e-6, 1e-6],
  // Hugging Face’s default stands in its copies of DINO, too, which was trained with 1e-6.
  [1e-12, undefined],
  [0, undefined],
  ['1e-5', undefined],
])('an epsilon of %j is %j', (eps, stated) => {
  expect(readNetworkConfig({ layer_norm_eps: eps }, shapes).layerNormEps).toBe(stated);
});

test.each([
  ['gelu', true],
  ['gelu_python', true],
  ['gelu_new', false],
  ['gelu_pytorch_tanh', false],
  ['quick_gelu', false],
  ['relu', false],
])('the activation %s is GELU: %j', (name, isGelu) => {
  expect(isExactGelu(name)).toBe(isGelu);
});
