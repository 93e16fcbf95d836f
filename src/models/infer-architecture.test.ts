import { describe, expect, test } from 'vitest';
import { parameterShapes, trainedGrid, type VitArchitecture } from '../core/architecture.ts';
import { inferArchitecture } from './infer-architecture.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';

const noHints = { numHeads: undefined, isMocoV3: false, grid: { rows: 14, columns: 14 } };

describe('every published size comes back from its shapes', () => {
  test.each<[string, VitArchitecture, boolean]>([
    ['DINO ViT-S/16', vitSmall16, false],
    ['DINO ViT-S/8', { ...vitSmall16, patchSize: 8, gridSize: 28 }, false],
    ['DINO ViT-B/16', { ...vitSmall16, embedDim: 768, numHeads: 12 }, false],
    ['DINO ViT-B/8', { ...vitSmall16, embedDim: 768, numHeads: 12, patchSize: 8, gridSize: 28 }, false],
    ['DeiT-Ti/16', { ...vitSmall16, embedDim: 192, numHeads: 3 }, false],
    ['MoCo v3 ViT-S', { ...vitSmall16, numHeads: 12 }, true],
    ['MoCo v3 ViT-L of MMPretrain', { ...vitSmall16, embedDim: 1024, depth: 24, numHeads: 16 }, true],
    ['ViT-H/14 of MAE', { ...vitSmall16, embedDim: 1280, depth: 32, numHeads: 16, patchSize: 14 }, false],
    ['ViT-g/14', { ...vitSmall16, embedDim: 1408, depth: 40, numHeads: 16, mlpRatio: 48 / 11 }, false],
    ['MoCo v3 ViT-B', { ...vitSmall16, embedDim: 768, numHeads: 12 }, true],
    ['ViT-S/14 for 518 px', { ...vitSmall16, patchSize: 14, gridSize: 37 }, false],
    ['DINOv2 ViT-S/14', { ...vitSmall16, patchSize: 14, gridSize: 37, layerScale: true }, false],
    [
      'DINOv2 ViT-B/14 with registers',
      {
        ...vitSmall16,
        embedDim: 768,
        numHeads: 12,
        patchSize: 14,
        gridSize: 37,
        layerScale: true,
        numRegisters: 4,
      },
      false,
    ],
    ['an oblong grid', { ...vitSmall16, gridSize: [6, 8] }, false],
    ['one without qkv biases', { ...vitSmall16, qkvBias: false }, false],
    ['an MLP of another width', { ...vitSmall16, mlpRatio: 4.5 }, false],
  ])('%s', (_, architecture, isMocoV3) => {
    const hints = { numHeads: undefined, isMocoV3, grid: trainedGrid(architecture) };
    expect(inferArchitecture(parameterShapes(architecture), hints)).toEqual(architecture);
  });
});

test('the MLP’s width comes back exactly where the ratio is no round number', () => {
  for (let hidden = 1; hidden < 400; hidden++) {
    const shapes = new Map(parameterShapes({ ...vitSmall16, depth: 1 }));
    shapes.set('blocks.0.mlp.fc1.weight', [hidden, 384]);
    const inferred = inferArchitecture(shapes, noHints);
    if (typeof inferred === 'string') throw new Error(inferred);
    expect(parameterShapes(inferred).get('blocks.0.mlp.fc1.bias')).toEqual([hidden]);
  }
});

test('a head count that is given is believed', () => {
  expect(
    inferArchitecture(parameterShapes(vitSmall16), { ...noHints, numHeads: 8, isMocoV3: true }),
  ).toMatchObject({
    numHeads: 8,
  });
});

describe('what cannot be told is said', () => {
  test.each<[string, readonly number[] | null, RegExp]>([
    ['cls_token', null, /there is no cls_token/],
    ['patch_embed.proj.weight', null, /no patch_embed\.proj\.weight/],
    ['patch_embed.proj.weight', [384, 768], /is \[384, 768\], and not a convolution/],
    [
      'patch_embed.proj.weight',
      [384, 13, 16, 16],
      /other channels than a photograph's 3 \(.* \[384, 13, 16, 16\]\)/,
    ],
    ['patch_embed.proj.weight', [384, 3, 8, 16], /patches are 8 × 16 px/],
    ['blocks.0.mlp.fc1.weight', null, /no blocks\.0\.mlp\.fc1\.weight/],
    ['blocks.99999999999999999999.x', [1], /depth .* is more than 256/],
    ['cls_token', [1, 1, 100], /100 channels are no multiple of 64/],
    ['cls_token', [1, 1, 0], /embedDim is not a positive whole number/],
    ['blocks.0.mlp.fc1.weight', [2 ** 50, 384], /mlpRatio .* is more than 64/],
  ])('%s as %j', (name, shape, problem) => {
    const shapes = new Map(parameterShapes(vitSmall16));
    if (shape === null) shapes.delete(name);
    else shapes.set(name, shape);
    expect(inferArchitecture(shapes, noHints)).toMatch(problem);
  });

  test('gated MLPs', () => {
    const shapes = new Map(parameterShapes(vitSmall16)).set('blocks.0.mlp.w12.weight', [2048, 384]);
    shapes.delete('blocks.0.mlp.fc1.weight');
    expect(inferArchitecture(shapes, noHints)).toMatch(/gated \(SwiGLU/);
  });

  test('gated MLPs whose gate and values are one layer', () => {
    const shapes = new Map(parameterShapes(vitSmall16)).set('blocks.0.mlp.fc2.weight', [384, 768]);
    expect(inferArchitecture(shapes, noHints)).toMatch(
      /gated \(SwiGLU, mlp\.fc1 of 1536 and mlp\.fc2 of 768/,
    );
  });

  test('no blocks', () => {
    const shapes = new Map([...parameterShapes(vitSmall16)].filter(([name]) => !name.startsWith('blocks.')));
    expect(inferArchitecture(shapes, noHints)).toMatch(/no blocks/);
  });
});
