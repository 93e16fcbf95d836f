import { expect, test } from 'vitest';
import type { VitArchitecture } from '../core/architecture.ts';
import { checkParameters } from './check-parameters.ts';

const architecture: VitArchitecture = {
  family: 'dino',
  embedDim: 6,
  depth: 1,
  numHeads: 2,
  patchSize: 4,
  gridSize: 2,
  mlpRatio: 2,
  qkvBias: false,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};

/** Written out by hand from the official network. */
const right: ReadonlyMap<string, readonly number[]> = new Map([
  ['norm.bias', [6]],
  ['norm.weight', [6]],
  ['cls_token', [1, 1, 6]],
  ['pos_embed', [1, 5, 6]],
  ['patch_embed.proj.weight', [6, 3, 4, 4]],
  ['patch_embed.proj.bias', [6]],
  ['blocks.0.norm1.weight', [6]],
  ['blocks.0.norm1.bias', [6]],
  ['blocks.0.attn.qkv.weight', [18, 6]],
  ['blocks.0.attn.proj.weight', [6, 6]],
  ['blocks.0.attn.proj.bias', [6]],
  ['blocks.0.norm2.weight', [6]],
  ['blocks.0.norm2.bias', [6]],
  ['blocks.0.mlp.fc1.weight', [12, 6]],
  ['blocks.0.mlp.fc1.bias', [12]],
  ['blocks.0.mlp.fc2.weight', [6, 12]],
  ['blocks.0.mlp.fc2.bias', [6]],
]);

test('the right parameters pass, in any order', () => {
  expect(checkParameters(architecture, right)).toEqual({ ok: true, value: undefined });
});

test('every difference is told at once', () => {
  const wrong = new Map(right);
  wrong.delete('norm.weight');
  wrong.delete('blocks.0.mlp.fc1.bias');
  wrong.set('head.weight', [1000, 6]);
  wrong.set('blocks.0.attn.qkv.bias', [18]);
  wrong.set('pos_embed', [1, 4, 6]);
  wrong.set('blocks.0.mlp.fc2.weight', [12, 6]);
  expect(checkParameters(architecture, wrong)).toEqual({
    ok: false,
    error: {
      code: 'model-parameters-mismatch',
      missing: ['blocks.0.mlp.fc1.bias', 'norm.weight'],
      unexpected: ['head.weight', 'blocks.0.attn.qkv.bias'],
      misshaped: [
        { name: 'pos_embed', expected: [1, 5, 6], actual: [1, 4, 6] },
        { name: 'blocks.0.mlp.fc2.weight', expected: [6, 12], actual: [12, 6] },
      ],
    },
  });
});

test.each([[[6, 1]], [[]], [[6, 6]]])('a bias of shape %j is not one of shape [6]', (shape) => {
  const result = checkParameters(architecture, new Map(right).set('norm.bias', shape));
  expect(result).toMatchObject({ error: { misshaped: [{ name: 'norm.bias', actual: shape }] } });
});
