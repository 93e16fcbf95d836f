/** From a published classifier's file and the network's features to the probabilities that PyTorch tells. */
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { headInputs } from '../core/linear-head.ts';
import { succeed } from '../core/result.ts';
import { poolBlocks } from '../engine/pool-features.ts';
import { startEngine } from '../engine/start-engine.ts';
import { checkpointModel } from '../models/load-checkpoint.ts';
import { openLinearHead } from '../models/open-linear-head.ts';
import { headCases } from '../testing/head-fixtures.ts';
import { nodePlatform } from '../testing/node-platform.ts';
import { blocksOfInputs, classify, joinInputs, nameOfClass } from './classify.ts';

const { signal } = new AbortController();
const open = (file: string): Promise<Blob> =>
  openAsBlob(fileURLToPath(new URL(`../../tools/reference/fixtures/heads/${file}`, import.meta.url)));

describe.each(headCases)('$file', ({ file, network, numHeads, side, told }) => {
  test('has its inputs in the official order, and tells PyTorch’s classes', async () => {
    const load = checkpointModel({
      files: [await open(network)],
      id: network,
      title: network,
      sha256: null,
      hints: { numHeads },
    });
    const started = await startEngine({
      backend: 'cpu',
      model: { key: 'model', load },
      wasmAssets: null,
      signal,
      onProgress: () => {},
    });
    if (!started.ok) throw new Error(JSON.stringify(started.error));
    const engine = started.value;
    const model = engine.describeModel('model');
    const head = await openLinearHead(await open(file));
    if (!head.ok || model === null) throw new Error(JSON.stringify(head));
    const { inputCount, family, classCount, weight, bias } = head.value;
    const inputs = headInputs(inputCount, family, model);
    if (inputs === null) throw new Error(`${inputCount} inputs`);
    const probe = { classCount, channels: inputCount, weight, bias };
    for (const { sample, input, shares } of told) {
      const pixels = await nodePlatform.readSample(sample);
      const made = await poolBlocks(engine, {
        model: 'model',
        source: { id: sample, read: () => Promise.resolve(succeed({ pixels, notices: [] })) },
        framing: { framing: 'official', sidePx: side },
        blocks: blocksOfInputs(inputs, model.depth),
        signal,
      });
      if (!made.ok) throw new Error(JSON.stringify(made.error));
      const joined = joinInputs(inputs, made.value.features);
      expect(joined).toHaveLength(input.length);
      expect(maxAbsDifference(joined, input)).toBeLessThan(1e-4);
      const all = await classify(probe, joined, classCount);
      expect(all.map(({ index }) => index)).toEqual(
        [...shares.keys()].toSorted((a, b) => (shares[b] as number) - (shares[a] as number)),
      );
      for (const { index, probability } of all)
        expect(Math.abs(probability - (shares[index] as number))).toBeLessThan(1e-4);
    }
    engine.dispose();
  });
});

test.each([
  // ViT-S/16 and ViT-B/16 of DINO; ViT-S/14 and ViT-g/14 of DINOv2.
  ['dino', 1536, 384, 12, { blocks: 4, mean: 'none' }, [9, 10, 11, 12]],
  ['dino', 1536, 768, 12, { blocks: 1, mean: 'in turn' }, [12]],
  ['dinov2', 768, 384, 12, { blocks: 1, mean: 'after' }, [12]],
  ['dinov2', 7680, 1536, 40, { blocks: 4, mean: 'after' }, [37, 38, 39, 40]],
] as const)('%s, %i inputs of %i channels', (family, count, embedDim, depth, inputs, blocks) => {
  expect(headInputs(count, family, { embedDim, depth })).toEqual(inputs);
  expect(blocksOfInputs(inputs, depth)).toEqual(blocks);
});

test('a classifier of another network, and files that are none, are named', async () => {
  expect(headInputs(1536, 'dino', { embedDim: 192, depth: 4 })).toBeNull();
  expect(headInputs(1000, 'dinov2', { embedDim: 384, depth: 12 })).toBeNull();
  expect(headInputs(384, 'dinov2', { embedDim: 384, depth: 12 })).toBeNull();
  expect(await openLinearHead(await open('dino.pth'))).toMatchObject({
    error: { code: 'checkpoint-invalid', problem: expect.stringContaining('no linear classifier') },
  });
  expect(await openLinearHead(new Blob(['nothing']))).toMatchObject({
    error: { code: 'checkpoint-invalid' },
  });
});

test('ImageNet’s thousand classes have names, others have numbers', () => {
  // As torchvision's and timm's lists have them.
  expect([0, 207, 281, 504, 999].map((index) => nameOfClass(index, 1000))).toEqual([
    'tench, Tinca tinca',
    'golden retriever',
    'tabby, tabby cat',
    'coffee mug',
    'toilet tissue, toilet paper, bathroom tissue',
  ]);
  expect(nameOfClass(7, 10)).toBe('class 7');
});
