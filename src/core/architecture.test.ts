import { describe, expect, test } from 'vitest';
import {
  elementCount,
  mlpHiddenDim,
  parameterShapes,
  parseArchitecture,
  positionResampling,
  specialTokenCount,
  trainedGrid,
} from './architecture.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';

describe('the parameters of ViT-S/16', () => {
  const shapes = parameterShapes(vitSmall16);

  test('are the 150 tensors and 21,665,664 numbers of the official checkpoint', () => {
    expect(shapes.size).toBe(150);
    expect([...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0)).toBe(21_665_664);
  });

  test('stand in the order of the official state dict', () => {
    const names = [...shapes.keys()];
    expect(names.slice(0, 7)).toEqual([
      'cls_token',
      'pos_embed',
      'patch_embed.proj.weight',
      'patch_embed.proj.bias',
      'blocks.0.norm1.weight',
      'blocks.0.norm1.bias',
      'blocks.0.attn.qkv.weight',
    ]);
    expect(names.slice(-3)).toEqual(['blocks.11.mlp.fc2.bias', 'norm.weight', 'norm.bias']);
  });

  test.each([
    ['pos_embed', [1, 197, 384]],
    ['patch_embed.proj.weight', [384, 3, 16, 16]],
    ['blocks.3.attn.qkv.weight', [1152, 384]],
    ['blocks.3.mlp.fc1.weight', [1536, 384]],
    ['blocks.3.mlp.fc2.weight', [384, 1536]],
  ])('%s is %j', (name, shape) => {
    expect(shapes.get(name)).toEqual(shape);
  });

  test('have no qkv bias where the architecture has none', () => {
    const without = parameterShapes({ ...vitSmall16, qkvBias: false });
    expect(without.size).toBe(138);
    expect(without.has('blocks.0.attn.qkv.bias')).toBe(false);
  });
});

describe('DINOv2’s ViT-S/14', () => {
  const plain = { ...vitSmall16, patchSize: 14, gridSize: 37, layerScale: true };
  const registers = { ...plain, numRegisters: 4 };

  test('has the 174 tensors and 22,056,576 numbers of the official checkpoint but for its mask token', () => {
    const shapes = parameterShapes(plain);
    expect(shapes.size).toBe(174);
    expect([...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0)).toBe(22_056_576 - 384);
    expect([...shapes.keys()].slice(8, 12)).toEqual([
      'blocks.0.attn.proj.weight',
      'blocks.0.attn.proj.bias',
      'blocks.0.ls1.gamma',
      'blocks.0.norm2.weight',
    ]);
  });

  test('with registers has them after the positions, and antialiased positions', () => {
    const shapes = parameterShapes(registers);
    expect([...shapes].slice(1, 3)).toEqual([
      ['pos_embed', [1, 1370, 384]],
      ['register_tokens', [1, 4, 384]],
    ]);
    expect(specialTokenCount(registers)).toBe(5);
    expect([plain, registers].map(positionResampling)).toEqual(['offset', 'antialiased']);
  });
});

test('a scalar has one element and an empty side none', () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([3, 0, 5])).toBe(0);
});

test('the hidden width of the MLP is rounded down, as Python’s int() does', () => {
  expect(mlpHiddenDim({ ...vitSmall16, embedDim: 9, mlpRatio: 2.5 })).toBe(22);
});

describe('parseArchitecture', () => {
  test('returns the known fields and leaves the others behind', () => {
    expect(parseArchitecture({ ...vitSmall16, colour: 'green' })).toEqual(vitSmall16);
  });

  test('takes a description from before there were registers', () => {
    const { numRegisters, layerScale, ...older } = vitSmall16;
    expect({ numRegisters, layerScale }).toEqual({ numRegisters: 0, layerScale: false });
    expect(parseArchitecture(older)).toEqual(vitSmall16);
  });

  test('takes an oblong grid as rows and columns; a square has one number', () => {
    const oblong = parseArchitecture({ ...vitSmall16, gridSize: [6, 8] });
    if (typeof oblong === 'string') throw new Error(oblong);
    expect(oblong.gridSize).toEqual([6, 8]);
    expect(trainedGrid(oblong)).toEqual({ rows: 6, columns: 8 });
    expect(parameterShapes(oblong).get('pos_embed')).toEqual([1, 49, 384]);
    expect(parseArchitecture({ ...vitSmall16, gridSize: [14, 14] })).toEqual(vitSmall16);
  });

  test.each([null, undefined, 'dino', 3])('refuses %j, which is no object', (json) => {
    expect(parseArchitecture(json)).toBe('the architecture is missing');
  });

  test.each([
    [{ family: 'clip' }, "the family 'clip' is not known"],
    [{ family: undefined }, 'the family is missing'],
    [{ family: { toString: 1 } }, 'the family is missing'],
    [{ embedDim: '384' }, 'embedDim is not a positive whole number'],
    [{ depth: 0 }, 'depth is not a positive whole number'],
    [{ numHeads: 1.5 }, 'numHeads is not a positive whole number'],
    [{ patchSize: -16 }, 'patchSize is not a positive whole number'],
    [{ gridSize: Infinity }, 'gridSize is neither a positive whole number nor two of them'],
    [{ gridSize: [6] }, 'gridSize is neither a positive whole number nor two of them'],
    [{ gridSize: [6, 8, 1] }, 'gridSize is neither a positive whole number nor two of them'],
    [{ gridSize: [6, 0] }, 'gridSize is neither a positive whole number nor two of them'],
    [{ gridSize: [6, 2000] }, 'gridSize 2000 is more than 1024'],
    [{ numHeads: 7 }, 'embedDim 384 is not a multiple of numHeads 7'],
    [{ mlpRatio: 0 }, 'mlpRatio is not a positive number'],
    [{ mlpRatio: NaN }, 'mlpRatio is not a positive number'],
    [{ layerNormEps: null }, 'layerNormEps is not a number between 0 and 1'],
    [{ layerNormEps: Infinity }, 'layerNormEps is not a number between 0 and 1'],
    [{ qkvBias: 1 }, 'qkvBias is not true or false'],
    [{ numRegisters: -1 }, 'numRegisters is not a whole number from 0'],
    [{ numRegisters: '4' }, 'numRegisters is not a whole number from 0'],
    [{ numRegisters: 65 }, 'numRegisters 65 is more than 64'],
    [{ layerScale: 1 }, 'layerScale is not true or false'],
    [{ depth: 1e9 }, 'depth 1000000000 is more than 256'],
    [{ mlpRatio: Infinity }, 'mlpRatio Infinity is more than 64'],
    [{ mlpRatio: 0.001 }, 'mlpRatio 0.001 leaves the MLP no width'],
  ])('refuses %j', (change, problem) => {
    expect(parseArchitecture({ ...vitSmall16, ...change })).toBe(problem);
  });
});
