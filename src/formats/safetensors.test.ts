import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { openAsBlob } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { elementCount } from '../core/architecture.ts';
import { failureOf } from '../core/failure.ts';
import { safetensorsBytes } from '../testing/make-safetensors.ts';
import { oddNumbers } from '../testing/odd-numbers.ts';
import { damage, seededRandom } from '../core/seeded-random.ts';
import { isFloatType } from './float-values.ts';
import { matchesSafetensors, openSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';

const float32 = Buffer.alloc(16);
[1.5, -0.1, 3e38, -0].forEach((value, i) => float32.writeFloatLE(value, i * 4));
const float64 = Buffer.alloc(16);
[0.1, -1e300].forEach((value, i) => float64.writeDoubleLE(value, i * 8));
const halves = (...patterns: number[]): Buffer => {
  const bytes = Buffer.alloc(patterns.length * 2);
  patterns.forEach((pattern, i) => bytes.writeUInt16LE(pattern, i * 2));
  return bytes;
};

/** Every type, one after the other, behind a header of an odd length so that nothing is aligned in the file. */
const mixed = (() => {
  const data = Buffer.concat([
    float32,
    float64,
    halves(0x3c00, 0xc000, 0x3555),
    halves(0x3f80, 0xc040, 0x3dcd),
  ]);
  const header = JSON.stringify({
    __metadata__: { format: 'pt' },
    single: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    double: { dtype: 'F64', shape: [2], data_offsets: [16, 32] },
    half: { dtype: 'F16', shape: [3], data_offsets: [32, 38] },
    brain: { dtype: 'BF16', shape: [3, 1], data_offsets: [38, 44] },
    empty: { dtype: 'F32', shape: [4, 0], data_offsets: [44, 44] },
  });
  return safetensorsBytes(header.length % 2 === 0 ? `${header} ` : header, data);
})();

async function open(bytes: Uint8Array<ArrayBuffer>): Promise<TensorFile> {
  const opened = await openSafetensors(new Blob([bytes]));
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

describe('a whole file', () => {
  test.each([
    ['single', [2, 2], [1.5, Math.fround(-0.1), Math.fround(3e38), -0]],
    ['double', [2], [Math.fround(0.1), -Infinity]],
    ['half', [3], [1, -2, 0.333251953125]],
    ['brain', [3, 1], [1, -3, 0.10009765625]],
    ['empty', [4, 0], []],
  ])('gives %s as float32', async (name, shape, values) => {
    const tensor = (await open(mixed)).get(name);
    expect(tensor?.shape).toEqual(shape);
    expect([...((await tensor?.read()) ?? [NaN])]).toEqual(values);
  });

  test('has its own metadata entry passed over, and names the stored types', async () => {
    const tensors = await open(mixed);
    expect([...tensors.values()].map(({ name, storedType }) => `${name} ${storedType}`)).toEqual([
      'single F32',
      'double F64',
      'half F16',
      'brain BF16',
      'empty F32',
    ]);
  });

  test('is read no further than what is asked for', async () => {
    const ranges: [number, number][] = [];
    class WatchedBlob extends Blob {
      override slice(begin = 0, end = this.size): Blob {
        ranges.push([begin, end]);
        return super.slice(begin, end);
      }
      override arrayBuffer(): Promise<ArrayBuffer> {
        throw new Error('the whole file was read');
      }
    }
    const opened = await openSafetensors(new WatchedBlob([mixed]));
    const dataStart = mixed.length - 44;
    expect(Math.max(...ranges.map(([, end]) => end))).toBe(dataStart);
    ranges.length = 0;
    if (opened.ok) await opened.value.get('half')?.read();
    expect(ranges).toEqual([[dataStart + 32, dataStart + 38]]);
  });

  test('gives each reader values of its own', async () => {
    const tensor = (await open(mixed)).get('single');
    (await tensor?.read())?.fill(7);
    expect((await tensor?.read())?.[0]).toBe(1.5);
  });
});

const fourBytes = new Uint8Array(4);
const entry = (fields: Record<string, unknown>): string =>
  JSON.stringify({ weight: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...fields } });

describe('a wrong file is refused with what is wrong', () => {
  test.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    [
      'a header that is longer than the file',
      safetensorsBytes(entry({}), fourBytes, 500n),
      /header is longer/,
    ],
    ['a header of 2^63 bytes', safetensorsBytes(entry({}), fourBytes, 2n ** 63n), /header is longer/],
    [
      'a header of 2^64 − 1 bytes',
      safetensorsBytes(entry({}), fourBytes, 2n ** 64n - 1n),
      /header is longer/,
    ],
    ['a header that is cut by its own length', safetensorsBytes(entry({}), fourBytes, 10n), /not JSON/],
    [
      'a name that is not UTF-8',
      Buffer.from(safetensorsBytes(entry({}), fourBytes).map((byte) => (byte === 0x77 ? 0xff : byte))),
      /not JSON in UTF-8/,
    ],
    ['a header that is no JSON', safetensorsBytes('{"weight": ', fourBytes), /not JSON/],
    ['a header that is an array', safetensorsBytes('[1, 2]', fourBytes), /its header is not an object/],
    ['a header that is null', safetensorsBytes('null', fourBytes), /its header is not an object/],
    ['an entry that is no object', safetensorsBytes('{"weight": 5}', fourBytes), /entry of weight is not/],
    [
      'an integer type whose bytes end before they begin',
      safetensorsBytes(entry({ dtype: 'I64', data_offsets: [4, 0] }), fourBytes),
      /do not fit/,
    ],
    ['no type', safetensorsBytes(entry({ dtype: undefined }), fourBytes), /weight has no type/],
    [
      'a type that cannot become text',
      safetensorsBytes(entry({ dtype: { toString: 1, valueOf: 1 } }), fourBytes),
      /weight has no type/,
    ],
    ['a shape that is no list', safetensorsBytes(entry({ shape: 1 }), fourBytes), /no valid shape/],
    ['a shape of texts', safetensorsBytes(entry({ shape: ['1'] }), fourBytes), /no valid shape/],
    ['a negative side', safetensorsBytes(entry({ shape: [-1, -1] }), fourBytes), /no valid shape/],
    ['half a side', safetensorsBytes(entry({ shape: [0.5, 2] }), fourBytes), /no valid shape/],
    ['no offsets', safetensorsBytes(entry({ data_offsets: undefined }), fourBytes), /no valid data_offsets/],
    [
      'offsets as texts',
      safetensorsBytes(entry({ data_offsets: ['0', '4'] }), fourBytes),
      /no valid data_offs/,
    ],
    ['a negative offset', safetensorsBytes(entry({ data_offsets: [-4, 0] }), fourBytes), /outside the file/],
    [
      'an end beyond the file',
      safetensorsBytes(entry({ data_offsets: [1, 5] }), fourBytes),
      /outside the file/,
    ],
    [
      'offsets that run backwards',
      safetensorsBytes(entry({ data_offsets: [4, 0] }), fourBytes),
      /do not fit/,
    ],
    ['fewer bytes than the shape needs', safetensorsBytes(entry({ shape: [2] }), fourBytes), /do not fit/],
    ['more bytes than the type needs', safetensorsBytes(entry({ dtype: 'F16' }), fourBytes), /do not fit/],
    [
      'a shape of 2^156 values',
      safetensorsBytes(entry({ shape: [2 ** 52, 2 ** 52, 2 ** 52] }), fourBytes),
      /do not fit/,
    ],
    [
      'a shape whose product overflows before it is multiplied by zero',
      safetensorsBytes(entry({ shape: [...Array<number>(30).fill(2 ** 52), 0] }), fourBytes),
      /do not fit/,
    ],
  ])('%s', async (_, bytes, problem) => {
    const opened = await openSafetensors(new Blob([bytes]));
    expect(opened).toEqual({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
    });
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('a file of %i bytes', async (byteLength) => {
    const opened = await openSafetensors(new Blob([new Uint8Array(byteLength)]));
    expect(opened).toMatchObject({ ok: false, error: { problem: 'it is too short for safetensors' } });
  });

  test('a file that loses its end after it was opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
    try {
      const path = join(folder, 'model.safetensors');
      await writeFile(path, mixed);
      const opened = await openSafetensors(await openAsBlob(path));
      if (!opened.ok) throw new Error(JSON.stringify(opened.error));
      await truncate(path, mixed.length - 20);
      const failure = await opened.value.get('half')?.read().catch(failureOf);
      expect(failure).toMatchObject({
        code: 'checkpoint-invalid',
        problem: expect.stringContaining('half') as string,
      });
      expect(await openSafetensors(await openAsBlob(join(folder, 'model.safetensors')))).toMatchObject({
        ok: false,
        error: { code: 'checkpoint-invalid' },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a file whose last bytes do not come', async () => {
    class ShrunkFile extends Blob {
      override slice(begin = 0, end = this.size): Blob {
        return super.slice(begin, Math.min(end, mixed.length - 2));
      }
    }
    const opened = await openSafetensors(new ShrunkFile([mixed]));
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    const failure = await opened.value.get('brain')?.read().catch(failureOf);
    expect(failure).toMatchObject({ code: 'checkpoint-invalid' });
  });

  test('a file that has gone before it is opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
    const path = join(folder, 'model.safetensors');
    await writeFile(path, mixed);
    const blob = await openAsBlob(path);
    await rm(folder, { recursive: true });
    expect(await openSafetensors(blob)).toMatchObject({ ok: false, error: { code: 'checkpoint-invalid' } });
  });
});

test.each<[string, Uint8Array, boolean]>([
  ['a safetensors file', mixed.subarray(0, 16), true],
  ['a zip, as PyTorch writes', Buffer.from('PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00'), false],
  ['a header of 2^63 bytes', safetensorsBytes('{}', new Uint8Array(), 2n ** 63n), false],
  ['a header that does not begin like an object', safetensorsBytes('[]', new Uint8Array()), false],
  ['eight bytes', new Uint8Array(8), false],
])('%s matches or not by its first bytes', (_, head, matches) => {
  expect(matchesSafetensors(head)).toBe(matches);
});

test.each([
  ['I64', 8],
  ['BOOL', 1],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
  ['toString', 3],
])(
  'a tensor of the type %s keeps no other from being read, and has itself no values',
  async (dtype, byteLength) => {
    const header = JSON.stringify({
      counter: { dtype, shape: [1], data_offsets: [4, 4 + byteLength] },
      weight: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    });
    const data = new Uint8Array([...float32.subarray(0, 4), ...new Uint8Array(byteLength)]);
    const tensors = await open(safetensorsBytes(header, data));
    expect([...((await tensors.get('weight')?.read()) ?? [])]).toEqual([1.5]);
    expect(tensors.get('counter')).toMatchObject({ shape: [1], storedType: dtype });
    await expect(tensors.get('counter')?.read()).rejects.toMatchObject({
      failure: { problem: `counter has the type ${dtype}, which is not a float type` },
    });
  },
);

describe('what the reference refuses is refused: bytes belong to one tensor each', () => {
  const data = new Uint8Array(12);
  const at = (begin: number, end: number): string =>
    `{"dtype": "F32", "shape": [${(end - begin) / 4}], "data_offsets": [${begin}, ${end}]}`;

  test.each<[string, string, RegExp]>([
    ['a name twice', `{"a": ${at(0, 4)}, "b": ${at(4, 12)}, "a": ${at(0, 4)}}`, /its header has a twice/],
    [
      'a name twice, spelled in two ways',
      `{"a": ${at(0, 4)}, "\\u0061": ${at(4, 12)}}`,
      /its header has a twice/,
    ],
    [
      'a field of an entry twice',
      `{"a": {"dtype": "F32", "dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}`,
      /its header has dtype twice/,
    ],
    ['the same bytes', `{"a": ${at(0, 12)}, "b": ${at(0, 12)}}`, /a and b share bytes/],
    ['bytes in part', `{"b": ${at(4, 12)}, "a": ${at(0, 8)}}`, /a and b share bytes/],
    ['bytes within', `{"a": ${at(0, 12)}, "b": ${at(4, 8)}}`, /a and b share bytes/],
    ['a hole', `{"a": ${at(0, 4)}, "b": ${at(8, 12)}}`, /4 bytes before b belong to no tensor/],
    ['a hole at the beginning', `{"a": ${at(4, 12)}}`, /4 bytes before a belong to no tensor/],
    ['bytes behind the last', `{"a": ${at(0, 4)}}`, /8 bytes at its end belong to no tensor/],
    [
      'whole numbers of too few bytes',
      `{"a": {"dtype": "I64", "shape": [3], "data_offsets": [0, 12]}}`,
      /a's bytes do not fit its shape/,
    ],
  ])('%s', async (_, header, problem) => {
    expect(await openSafetensors(new Blob([safetensorsBytes(header, data)]))).toEqual({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
    });
  });

  test('empty tensors have no bytes, wherever they lie', async () => {
    const header = `{"b": ${at(4, 12)}, "none": ${at(4, 4)}, "a": ${at(0, 4)}, "last": ${at(12, 12)}}`;
    expect([...(await open(safetensorsBytes(header, data))).keys()]).toEqual(['b', 'none', 'a', 'last']);
  });
});

test('three thousand damaged files end in tensors that fit the file, or in a refusal', async () => {
  const random = seededRandom(1);
  const headerEnd = mixed.length - 44;
  let opens = 0;
  let refusals = 0;
  for (let run = 0; run < 3000; run++) {
    let bytes: Uint8Array<ArrayBuffer>;
    if (run % 2 === 0) bytes = damage(mixed, random);
    else {
      // Numbers of the header are exchanged, and its length stays true: these get past the JSON.
      const header = Buffer.from(mixed.subarray(8, headerEnd)).toString();
      const changed = header.replaceAll(/\b\d+\b/g, (number) =>
        random.below(24) === 0 ? random.pick(oddNumbers) : number,
      );
      bytes = safetensorsBytes(changed, mixed.subarray(headerEnd));
    }
    const opened = await openSafetensors(new Blob([bytes]));
    if (!opened.ok) {
      refusals++;
      if (opened.error.code !== 'checkpoint-invalid') expect.unreachable(opened.error.code);
      continue;
    }
    opens++;
    for (const tensor of opened.value.values()) {
      // A damaged type's name makes a tensor of which no values are to be had.
      if (!isFloatType(tensor.storedType)) continue;
      const values = await tensor.read();
      // The smallest type has two bytes a value.
      if (values.length !== elementCount(tensor.shape) || values.length * 2 > bytes.length)
        expect.unreachable(`run ${run}: ${values.length} values for [${tensor.shape.join(', ')}]`);
    }
  }
  expect(opens).toBeGreaterThan(300);
  expect(refusals).toBeGreaterThan(1000);
});
