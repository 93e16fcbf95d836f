import { expect, test } from 'vitest';
import type { NamedTensor } from '../core/architecture.ts';
import { openSafetensors, readSafetensorsMetadata } from './safetensors.ts';
import { writeSafetensors } from './safetensors-writer.ts';

const tensors = new Map<string, NamedTensor>([
  ['a.weight', { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, 1e-30, -1e30) }],
  ['empty', { shape: [0, 4], values: new Float32Array() }],
  ['größe', { shape: [], values: Float32Array.of(7) }],
]);

test('what is written is read back, names, shapes, values and metadata', async () => {
  const file = writeSafetensors(tensors, { note: 'ü', other: '{"a":1}' });
  const opened = await openSafetensors(file);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect([...opened.value.keys()]).toEqual([...tensors.keys()]);
  for (const [name, { shape, values }] of tensors) {
    expect(opened.value.get(name)?.shape).toEqual(shape);
    expect(await opened.value.get(name)?.read()).toEqual(values);
  }
  expect(await readSafetensorsMetadata(file)).toEqual({ note: 'ü', other: '{"a":1}' });
});

test('the layout is the documented one, by hand', async () => {
  const bytes = new Uint8Array(
    await writeSafetensors(new Map([['x', { shape: [1], values: Float32Array.of(1) }]]), {}).arrayBuffer(),
  );
  const view = new DataView(bytes.buffer);
  const headerLength = Number(view.getBigUint64(0, true));
  expect(headerLength % 8).toBe(0);
  expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))).toEqual({
    __metadata__: {},
    x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
  });
  expect(view.getFloat32(8 + headerLength, true)).toBe(1);
  expect(bytes.byteLength).toBe(8 + headerLength + 4);
});

test('a shape that does not fit its values is a bug, and throws', () => {
  expect(() => writeSafetensors(new Map([['x', { shape: [2], values: Float32Array.of(1) }]]), {})).toThrow(
    'x has 1 values',
  );
});
