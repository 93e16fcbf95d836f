import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { NamedTensor } from '../core/architecture.ts';
import { decodeWeights, parseTfjsManifest, type TfjsManifest } from './tfjs-manifest.ts';
import { writeTfjsModel, type TfjsFile, type TfjsModel } from './tfjs-writer.ts';

const mebibyte = 1024 * 1024;

const model: TfjsModel = {
  id: 'tiny',
  title: 'A tiny model',
  architecture: {
    family: 'dino',
    embedDim: 4,
    depth: 1,
    numHeads: 2,
    patchSize: 2,
    gridSize: 3,
    mlpRatio: 4,
    qkvBias: true,
    layerNormEps: 1e-6,
    numRegisters: 0,
    layerScale: false,
  },
  parameters: new Map<string, NamedTensor>([
    ['first', { shape: [2, 3], values: Float32Array.of(0.1, -0.1, 1e-30, 3e38, -0, 65519) }],
    ['scalar', { shape: [], values: Float32Array.of(1 + 2 ** -11 + 2 ** -20) }],
    ['last', { shape: [3], values: Float32Array.of(2 ** -24, 70_000, 5) }],
  ]),
};

const jsonOf = (files: readonly TfjsFile[]): unknown =>
  JSON.parse(Buffer.from(files.at(-1)?.bytes ?? []).toString());

function parse(json: unknown): TfjsManifest {
  const manifest = parseTfjsManifest(json);
  if (!manifest.ok) throw new Error(JSON.stringify(manifest.error));
  return manifest.value;
}

/** What was written, read back: weight → values. */
function readBack(files: readonly TfjsFile[]): Record<string, number[]> {
  const [group] = parse(jsonOf(files)).groups;
  if (group === undefined) throw new Error('no group');
  const shards = group.shards.map(({ path }) => files.find((file) => file.path === path)?.bytes ?? []);
  const whole = new Uint8Array(Buffer.concat(shards.map((shard) => Buffer.from(shard))));
  return Object.fromEntries([...decodeWeights(group, whole)].map(([name, values]) => [name, [...values]]));
}

describe('what is written', () => {
  test('comes back to the bit as float32', () => {
    expect(readBack(writeTfjsModel(model, 'float32'))).toEqual({
      first: [0.1, -0.1, 1e-30, 3e38, -0, 65519].map(Math.fround),
      scalar: [1 + 2 ** -11 + 2 ** -20],
      last: [2 ** -24, 70_000, 5],
    });
  });

  test('comes back as the nearest half as float16', () => {
    expect(readBack(writeTfjsModel(model, 'float16'))).toEqual({
      first: [0.0999755859375, -0.0999755859375, 0, Infinity, -0, 65504],
      scalar: [1 + 2 ** -10],
      last: [2 ** -24, Infinity, 5],
    });
  });

  test('comes back within half a step as uint8: matrices alone, the rest as halves', () => {
    const matrix = Float32Array.of(-1, -0.3, 0.123, 4.1);
    const parameters = new Map<string, NamedTensor>([
      ['norm.bias', { shape: [1], values: Float32Array.of(0.1) }],
      ['blocks.0.mlp.fc1.weight', { shape: [2, 2], values: matrix }],
      ['blocks.0.mlp.fc2.weight', { shape: [1, 3], values: new Float32Array(3).fill(0.7) }],
      ['blocks.1.mlp.fc1.weight', { shape: [1, 2], values: Float32Array.of(1, Infinity) }],
    ]);
    const files = writeTfjsModel({ ...model, parameters }, 'uint8');
    expect(files[0]?.bytes.length).toBe(2 + 4 + 3 + 4);
    const { weightsManifest } = jsonOf(files) as { weightsManifest: { weights: unknown[] }[] };
    expect(weightsManifest[0]?.weights[1]).toEqual({
      name: 'blocks.0.mlp.fc1.weight',
      shape: [2, 2],
      dtype: 'float32',
      quantization: {
        dtype: 'uint8',
        scale: (Math.fround(4.1) + 1) / 255,
        min: -1,
        original_dtype: 'float32',
      },
    });
    const values = readBack(files);
    const step = 5.1 / 255;
    for (const [i, value] of matrix.entries())
      expect(Math.abs((values['blocks.0.mlp.fc1.weight']?.[i] ?? NaN) - value)).toBeLessThan(0.501 * step);
    expect(values).toMatchObject({
      'norm.bias': [0.0999755859375],
      'blocks.0.mlp.fc2.weight': [0.7, 0.7, 0.7].map(Math.fround),
      // What has no range is kept as halves.
      'blocks.1.mlp.fc1.weight': [1, Infinity],
    });
  });

  test('names the model and its architecture', () => {
    const { id, title, architecture } = parse(jsonOf(writeTfjsModel(model, 'float16')));
    expect({ id, title, architecture }).toEqual({
      id: 'tiny',
      title: 'A tiny model',
      architecture: model.architecture,
    });
  });

  test('follows the weights format of tfjs: quantized float32 with its original type', () => {
    expect(jsonOf(writeTfjsModel(model, 'float16'))).toMatchObject({
      weightsManifest: [
        {
          paths: ['group1-shard1of1.bin'],
          weights: [
            {
              name: 'first',
              shape: [2, 3],
              dtype: 'float32',
              quantization: { dtype: 'float16', original_dtype: 'float32' },
            },
            { name: 'scalar', shape: [] },
            { name: 'last', shape: [3] },
          ],
        },
      ],
    });
  });

  test('is cut into shards of at most 4 MiB, each with its length and its own SHA-256', () => {
    const values = new Float32Array((9 * mebibyte) / 4);
    values[mebibyte] = 42; // the first value of the second shard
    const parameters = new Map([
      ['large', { shape: [9, mebibyte / 4], values }],
      ['small', { shape: [2], values: Float32Array.of(1, 2) }],
    ]);
    const files = writeTfjsModel({ ...model, parameters }, 'float32');
    expect(files.map(({ path, bytes }) => `${path} ${bytes.length}`).slice(0, 3)).toEqual([
      `group1-shard1of3.bin ${4 * mebibyte}`,
      `group1-shard2of3.bin ${4 * mebibyte}`,
      `group1-shard3of3.bin ${mebibyte + 8}`,
    ]);
    const [group] = parse(jsonOf(files)).groups;
    expect(group?.shards).toEqual(
      files.slice(0, 3).map(({ path, bytes }) => ({
        path,
        byteLength: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      })),
    );
    const { large = [], small } = readBack(files);
    expect(large.length).toBe(values.length);
    expect(large.findIndex((value) => value !== 0)).toBe(mebibyte);
    expect(small).toEqual([1, 2]);
  });

  test('is the same for a view into a larger array', () => {
    const view = Float32Array.of(9, 9, 1, 2, 9).subarray(2, 4);
    const parameters = new Map([['view', { shape: [2], values: view }]]);
    expect(readBack(writeTfjsModel({ ...model, parameters }, 'float32'))).toEqual({ view: [1, 2] });
  });
});

test('float32 values may begin at any byte', () => {
  const values = decodeWeights(
    {
      shards: [],
      weights: [
        { name: 'half', shape: [1], encoding: { dtype: 'float16' } },
        { name: 'single', shape: [1], encoding: { dtype: 'float32' } },
      ],
    },
    Uint8Array.of(0x00, 0x3c, 0x00, 0x00, 0x20, 0x41),
  );
  expect([...values]).toEqual([
    ['half', Float32Array.of(1)],
    ['single', Float32Array.of(10)],
  ]);
});

/** A manifest as another program would write it, by hand, with one field changed. */
function manifestWith(change: {
  top?: object;
  group?: object;
  weight?: object;
  facts?: object;
  metadata?: object;
}): unknown {
  return {
    weightsManifest: [
      {
        paths: ['a.bin'],
        weights: [{ name: 'w', shape: [2, 2], dtype: 'float32', ...change.weight }],
        ...change.group,
      },
    ],
    userDefinedMetadata: {
      dinoscope: {
        id: 'x',
        title: 'X',
        architecture: {},
        shards: { 'a.bin': { byteLength: 16, sha256: 'ab'.repeat(32), ...change.facts } },
        ...change.metadata,
      },
    },
    ...change.top,
  };
}

describe('a manifest by another hand', () => {
  test('is read where all is right', () => {
    expect(parse(manifestWith({}))).toEqual({
      id: 'x',
      title: 'X',
      architecture: {},
      groups: [
        {
          shards: [{ path: 'a.bin', byteLength: 16, sha256: 'ab'.repeat(32) }],
          weights: [{ name: 'w', shape: [2, 2], encoding: { dtype: 'float32' } }],
        },
      ],
    });
  });

  test('may recommend features', () => {
    const features = { block: 4, facet: 'value' };
    expect(parse(manifestWith({ metadata: { features } }))).toMatchObject({ features });
    const files = writeTfjsModel({ ...model, features: { block: 2, facet: 'token' } }, 'float32');
    expect(parse(jsonOf(files)).features).toEqual({ block: 2, facet: 'token' });
  });

  test.each<[string, unknown, string]>([
    [
      'recommended features of no facet',
      manifestWith({ metadata: { features: { block: 1, facet: 'out' } } }),
      'no facet of',
    ],
    [
      'recommended features of block 0',
      manifestWith({ metadata: { features: { block: 0, facet: 'key' } } }),
      'have no block',
    ],
    ['recommended features that are none', manifestWith({ metadata: { features: 'key' } }), 'are no object'],
    ['null', null, 'model.json is not an object'],
    ['an array', [], 'model.json is not an object'],
    [
      'no metadata',
      manifestWith({ top: { userDefinedMetadata: undefined } }),
      'userDefinedMetadata.dinoscope',
    ],
    ["another program's metadata", manifestWith({ top: { userDefinedMetadata: { a: 1 } } }), 'dinoscope'],
    ['no id', manifestWith({ metadata: { id: undefined } }), 'the id or the title is missing'],
    ['a title that is no text', manifestWith({ metadata: { title: 5 } }), 'the id or the title is missing'],
    ['no list of shards', manifestWith({ metadata: { shards: [] } }), 'the list of shards is missing'],
    ['no weightsManifest', manifestWith({ top: { weightsManifest: {} } }), 'the weightsManifest is missing'],
    ['a group that is null', manifestWith({ top: { weightsManifest: [null] } }), 'no paths or no weights'],
    ['a group without paths', manifestWith({ group: { paths: undefined } }), 'no paths or no weights'],
    ['a group without weights', manifestWith({ group: { weights: 3 } }), 'no paths or no weights'],
    [
      'a path to the folder above',
      manifestWith({ group: { paths: ['../a.bin'] } }),
      "'../a.bin' is not a plain",
    ],
    ['the folder above', manifestWith({ group: { paths: ['..'] } }), "'..' is not a plain"],
    ['an absolute path', manifestWith({ group: { paths: ['/etc/passwd'] } }), "'/etc/passwd' is not a plain"],
    ['a path with backslashes', manifestWith({ group: { paths: ['b\\a.bin'] } }), 'is not a plain'],
    [
      'another site',
      manifestWith({ group: { paths: ['https://e.org/a.bin'] } }),
      "'https://e.org/a.bin' is not",
    ],
    [
      'an address without scheme',
      manifestWith({ group: { paths: ['//e.org'] } }),
      "'//e.org' is not a plain",
    ],
    ['an escaped path', manifestWith({ group: { paths: ['%2e%2e%2fa'] } }), "'%2e%2e%2fa' is not a plain"],
    ['a path with a query', manifestWith({ group: { paths: ['a.bin?b'] } }), "'a.bin?b' is not a plain"],
    ['an empty path', manifestWith({ group: { paths: [''] } }), "'' is not a plain"],
    ['a path with a line break', manifestWith({ group: { paths: ['a.bin\n'] } }), 'is not a plain'],
    [
      'a path that is no text',
      manifestWith({ group: { paths: [{ toString: 1 }] } }),
      'a shard path is not text',
    ],
    [
      'a shard that is not listed',
      manifestWith({ group: { paths: ['b.bin'] } }),
      'b.bin has no length and hash',
    ],
    [
      'a shard named like a method',
      manifestWith({ group: { paths: ['toString'] } }),
      'toString has no length',
    ],
    ['no SHA-256', manifestWith({ facts: { sha256: undefined } }), 'a.bin has no valid SHA-256'],
    ['half a SHA-256', manifestWith({ facts: { sha256: 'ab'.repeat(16) } }), 'a.bin has no valid SHA-256'],
    ['a negative length', manifestWith({ facts: { byteLength: -16 } }), 'a.bin has no valid length'],
    ['a length as text', manifestWith({ facts: { byteLength: '16' } }), 'a.bin has no valid length'],
    [
      'a length too short',
      manifestWith({ facts: { byteLength: 15 } }),
      "hold 15 bytes, but the weights' shapes need 16",
    ],
    ['a length too long', manifestWith({ facts: { byteLength: 17 } }), 'hold 17 bytes'],
    ['a weight without a name', manifestWith({ weight: { name: undefined } }), 'a weight has no name'],
    ['a weight that is null', manifestWith({ group: { weights: [null] } }), 'a weight has no name'],
    ['no shape', manifestWith({ weight: { shape: undefined } }), 'w has no valid shape'],
    ['a negative side', manifestWith({ weight: { shape: [-2, -2] } }), 'w has no valid shape'],
    ['a side as text', manifestWith({ weight: { shape: ['2', 2] } }), 'w has no valid shape'],
    ['a huge shape', manifestWith({ weight: { shape: [2 ** 50, 2 ** 50] } }), 'hold 16 bytes'],
    ['no type', manifestWith({ weight: { dtype: undefined } }), 'w has no type'],
    ['int32', manifestWith({ weight: { dtype: 'int32' } }), 'w has the type int32'],
    ...[
      { dtype: 'uint16', min: 0, scale: 1 },
      { dtype: 'uint8', min: 0 },
      { dtype: 'uint8', min: '0', scale: 1 },
      { dtype: 'uint8', min: 0, scale: null },
    ].map((quantization): [string, unknown, string] => [
      `the quantization ${JSON.stringify(quantization)}`,
      manifestWith({ weight: { quantization } }),
      'w is quantized in a way',
    ]),
    [
      'a uint8 weight of another length',
      manifestWith({ weight: { quantization: { dtype: 'uint8', min: 0, scale: 1 } } }),
      "hold 16 bytes, but the weights' shapes need 4",
    ],
    [
      'a quantization that is null',
      manifestWith({ weight: { quantization: null } }),
      'w is quantized in a way',
    ],
    [
      'a weight that is listed twice',
      manifestWith({
        group: { weights: ['w', 'w'].map((name) => ({ name, shape: [2], dtype: 'float32' })) },
      }),
      'the weight w is listed twice',
    ],
  ])('is refused for %s', (_, json, problem) => {
    expect(parseTfjsManifest(json)).toEqual({
      ok: false,
      error: { code: 'model-manifest-invalid', problem: expect.stringContaining(problem) as string },
    });
  });
});
