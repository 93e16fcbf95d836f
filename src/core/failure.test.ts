import { expect, test } from 'vitest';
import {
  describeFailure,
  failsAlways,
  type Failure,
  type FailureCode,
  isEngineFailure,
  isFinalFailure,
  isModelFailure,
  isNoPicture,
} from './failure.ts';

type Examples = { readonly [C in FailureCode]: readonly Extract<Failure, { code: C }>[] };

const size = { height: 20_000, width: 30_000 };

/** Every code, and for each the details that change its sentence: a new code does not compile until it stands here. */
const examples: Examples = {
  'empty-file': [{ code: 'empty-file' }],
  'unreadable-file': [{ code: 'unreadable-file' }],
  'not-an-image': [{ code: 'not-an-image' }, { code: 'not-an-image', what: 'a PDF document' }],
  'vector-image': [{ code: 'vector-image' }],
  'unsupported-image': [{ code: 'unsupported-image', format: 'heic' }],
  'damaged-image': [
    { code: 'damaged-image', format: 'jpg', problem: 'truncated' },
    { code: 'damaged-image', format: 'png', problem: 'undecodable' },
  ],
  'image-too-large': [{ code: 'image-too-large', size, limitMegapixels: 100, limitSidePx: 16_384 }],
  'image-too-small': [{ code: 'image-too-small', size: { height: 1, width: 1 }, minSidePx: 8 }],
  'mask-of-photograph': [{ code: 'mask-of-photograph', photographName: 'cat.jpg' }],
  'pixels-hidden': [{ code: 'pixels-hidden' }],
  'no-room-together': [{ code: 'no-room-together' }],
  'model-unreachable': [
    { code: 'model-unreachable', url: 'https://example.org/model.json', status: null },
    { code: 'model-unreachable', url: 'https://example.org/model.json', status: 404 },
  ],
  'model-manifest-invalid': [{ code: 'model-manifest-invalid', problem: 'model.json is not JSON' }],
  'model-shard-damaged': [{ code: 'model-shard-damaged', path: 'a.bin', problem: 'it has 3 bytes' }],
  'model-parameters-mismatch': [
    { code: 'model-parameters-mismatch', missing: ['a', 'b', 'c', 'd', 'e'], unexpected: [], misshaped: [] },
    {
      code: 'model-parameters-mismatch',
      missing: [],
      unexpected: ['head.weight'],
      misshaped: [{ name: 'cls_token', expected: [1, 1, 384], actual: [1, 384] }],
    },
  ],
  'checkpoint-invalid': [{ code: 'checkpoint-invalid', problem: 'it is not a safetensors file' }],
  'heads-unknown': [
    { code: 'heads-unknown', embedDim: 100 },
    { code: 'heads-unknown', embedDim: 384, mayBe: 12 },
  ],
  'grid-unknown': [{ code: 'grid-unknown', positions: 49 }],
  'model-fails-check': [{ code: 'model-fails-check', problem: 'head 1 sums to NaN instead of 1' }],
  'download-interrupted': [
    { code: 'download-interrupted', host: 'example.org', keptBytes: 0 },
    { code: 'download-interrupted', host: 'example.org', keptBytes: 40_000_000 },
  ],
  'download-damaged': [{ code: 'download-damaged', host: 'example.org', problem: 'it is a web page' }],
  'download-failed': [
    {
      code: 'download-failed',
      reasons: [{ code: 'model-unreachable', url: 'https://example.org/a', status: 404 }],
    },
  ],
  'storage-full': [
    { code: 'storage-full', neededBytes: null, freeBytes: null },
    { code: 'storage-full', neededBytes: 343_000_000, freeBytes: 1_200_000_000 },
    {
      code: 'storage-full',
      neededBytes: null,
      freeBytes: 5,
      kept: { models: 43_000_000, runs: 7_000_000, collections: 0 },
    },
  ],
  'storage-failed': [{ code: 'storage-failed', problem: 'the disk is gone' }],
  'model-busy': [{ code: 'model-busy' }],
  'model-in-use': [{ code: 'model-in-use' }],
  'model-not-kept': [{ code: 'model-not-kept' }],
  'run-busy': [{ code: 'run-busy' }],
  'run-not-kept': [{ code: 'run-not-kept' }],
  'collection-busy': [{ code: 'collection-busy' }],
  'collection-not-kept': [{ code: 'collection-not-kept' }],
  'collection-changed': [{ code: 'collection-changed' }],
  'collection-other-model': [{ code: 'collection-other-model', modelTitle: 'DINO ViT-S/16' }],
  'probe-invalid': [{ code: 'probe-invalid', problem: 'it has no linear.weight' }],
  'array-invalid': [{ code: 'array-invalid', problem: 'it ends within its header' }],
  'run-file-invalid': [{ code: 'run-file-invalid', problem: 'it has no photographs' }],
  'backend-unavailable': [{ code: 'backend-unavailable', backend: 'webgpu', reason: 'there is no adapter' }],
  'backend-wrong': [
    { code: 'backend-wrong', backend: 'webgpu', maxAbsDifference: 0.012, tolerance: 1e-4 },
    { code: 'backend-wrong', backend: 'wasm', maxAbsDifference: NaN, tolerance: 1e-4 },
    { code: 'backend-wrong', backend: 'wasm', maxAbsDifference: Infinity, tolerance: 1e-4 },
  ],
  'gpu-error': [{ code: 'gpu-error', message: 'Binding size too large' }],
  'device-lost': [
    { code: 'device-lost', message: '' },
    { code: 'device-lost', message: 'The driver was reset' },
  ],
  'out-of-memory': [
    { code: 'out-of-memory', tokens: null },
    { code: 'out-of-memory', tokens: 3601 },
  ],
  'wrong-result': [{ code: 'wrong-result', problem: 'head 1 sums to 0.000 instead of 1' }],
  'script-missing': [
    { code: 'script-missing', isGone: true },
    { code: 'script-missing', isGone: false },
  ],
  'worker-crashed': [{ code: 'worker-crashed', message: 'its script did not load' }],
  'worker-silent': [{ code: 'worker-silent' }],
  'worker-stuck': [{ code: 'worker-stuck' }],
  'training-impossible': [
    { code: 'training-impossible', problems: ['there is no photograph', 'steps is 0'] },
  ],
  'training-diverged': [{ code: 'training-diverged', step: 17 }],
  cancelled: [{ code: 'cancelled' }],
};

const failures: readonly Failure[] = Object.values(examples).flat();

test.each(failures)('$code has a sentence, whatever its details', (failure) => {
  const sentence = describeFailure(failure);
  expect(sentence).toMatch(/^[A-Z].*[^.\s]\.$/);
  expect(sentence).not.toMatch(/undefined|null|\[object|NaN|Infinity/);
});

test('of what is packed it says to unpack it', () => {
  const sentences = ['a zip archive', 'compressed with xz', 'a PDF document'].map((what) =>
    describeFailure({ code: 'not-an-image', what }),
  );
  expect(sentences[0]).toBe('This is a zip archive, not an image. Unpack it, and drop what is in it.');
  expect(sentences[1]).toMatch(/Unpack it/);
  expect(sentences[2]).not.toMatch(/Unpack/);
});

test('no two codes share a sentence', () => {
  const sentences = failures.map(describeFailure);
  // NaN and Infinity are told alike.
  expect(new Set(sentences).size).toBe(sentences.length - 1);
});

test.each([
  {
    failure: examples['image-too-large'][0],
    details: /30000 × 20000\u00a0px.*100 megapixels.*16384\u00a0px/,
  },
  { failure: examples['model-unreachable'][1], details: /example\.org.*404/ },
  { failure: examples['model-parameters-mismatch'][0], details: /missing a, b, c and 2 more/ },
  {
    failure: examples['model-parameters-mismatch'][1],
    details: /unexpected head\.weight; cls_token is \[1, 384\], not \[1, 1, 384\]/,
  },
  { failure: examples['backend-wrong'][0], details: /off by 1\.2e-2, allowed 1e-4/ },
  { failure: examples['out-of-memory'][1], details: /3601 tokens/ },
])('$failure.code tells $details', ({ failure, details }) => {
  expect(describeFailure(failure as Failure)).toMatch(details);
});

test('what ends an engine is the engine’s; waiting, files and storage are not', () => {
  const codesOf = (has: (failure: Failure) => boolean): string[] => [
    ...new Set(failures.filter(has).map(({ code }) => code)),
  ];
  expect(codesOf(isFinalFailure).toSorted()).toEqual([
    'device-lost',
    'gpu-error',
    'out-of-memory',
    'worker-crashed',
    'wrong-result',
  ]);
  expect(codesOf(isEngineFailure).toSorted()).toEqual([
    'backend-unavailable',
    'backend-wrong',
    'device-lost',
    'gpu-error',
    'out-of-memory',
    'worker-crashed',
    'worker-silent',
    'wrong-result',
  ]);
  expect(codesOf(isModelFailure)).toContain('unreadable-file');
  expect(codesOf(isModelFailure)).toContain('model-shard-damaged');
  expect(codesOf((failure) => isModelFailure(failure) && isEngineFailure(failure))).toEqual([]);
  // The same file once more would end the same way; one that could not be read may be back.
  expect(codesOf(failsAlways).toSorted()).toEqual([
    'damaged-image',
    'empty-file',
    'image-too-large',
    'image-too-small',
    'mask-of-photograph',
    'not-an-image',
    'unsupported-image',
    'vector-image',
  ]);
  expect(codesOf(isNoPicture).toSorted()).toEqual(['empty-file', 'not-an-image', 'vector-image']);
});

test.each([
  ['heic', 'HEIC images cannot be opened here. Save this one as JPEG, PNG or WebP.'],
  ['camera raw', 'Camera raw images cannot be opened here. Save this one as JPEG, PNG or WebP.'],
  ['lossless JPEG', 'Lossless JPEG images cannot be opened here. Save this one as JPEG, PNG or WebP.'],
])('an image of the kind %s is called as people write it', (format, sentence) => {
  expect(describeFailure({ code: 'unsupported-image', format })).toBe(sentence);
});

test.each([
  [undefined, 'Delete a model, a training run or a collection that is kept here, or make room on the disk.'],
  [
    { models: 0, runs: 0, collections: 0 },
    'Nothing is kept here that could be deleted: make room on the disk.',
  ],
  [
    { models: 43_000_000, runs: 0, collections: 0 },
    'Here kept models take 43.0\u00a0MB: delete what you no longer need, or make room on the disk.',
  ],
  [
    { models: 0, runs: 7_000_000, collections: 0 },
    'Here kept training runs take 7.0\u00a0MB: delete what you no longer need, or make room on the disk.',
  ],
  [
    { models: 43_000_000, runs: 7_000_000, collections: 0 },
    'Here kept models take 43.0\u00a0MB, kept training runs 7.0\u00a0MB: delete what you no longer need, or make room on the disk.',
  ],
  [
    { models: 43_000_000, runs: 0, collections: 5_000_000 },
    'Here kept models take 43.0\u00a0MB, kept collections 5.0\u00a0MB: delete what you no longer need, or make room on the disk.',
  ],
])('what is advised at a full disk names what there is to delete: %j', (kept, advice) => {
  const failure = { code: 'storage-full', neededBytes: 300_000_000, freeBytes: 2_000_000 } as const;
  expect(describeFailure(kept === undefined ? failure : { ...failure, kept })).toBe(
    `There is not enough room in this browser: 300\u00a0MB are needed, 2.0\u00a0MB are free. ${advice}`,
  );
});
