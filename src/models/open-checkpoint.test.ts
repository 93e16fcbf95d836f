import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { NamedTensor } from '../core/architecture.ts';
import { makeSafetensors } from '../testing/make-safetensors.ts';
import { vitFixtures, type VitFixture } from '../testing/vit-fixtures.ts';
import { openCheckpoint } from './open-checkpoint.ts';

const [fixture] = vitFixtures as [VitFixture, ...VitFixture[]];
const { architecture, parameters } = fixture;

const blobOf = (tensors: ReadonlyMap<string, NamedTensor>): Blob => new Blob([makeSafetensors(tensors)]);

test('a checkpoint opens with all its values, in the order of the architecture', async () => {
  const shuffled = new Map([...parameters].toReversed());
  const opened = await openCheckpoint(blobOf(shuffled), architecture);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.architecture).toEqual(architecture);
  expect([...opened.value.parameters]).toEqual([...parameters]);
});

test.each([
  [
    'a PyTorch file',
    Buffer.from('PK\x03\x04 and so on, longer than nine bytes'),
    'it is not a safetensors file',
  ],
  ['an empty file', Buffer.alloc(0), 'it is not a safetensors file'],
  ['half a header', makeSafetensors(parameters).subarray(0, 300), 'its header is longer than the file'],
])('%s is refused', async (_, bytes, problem) => {
  expect(await openCheckpoint(new Blob([Uint8Array.from(bytes)]), architecture)).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem },
  });
});

test.each([
  [null, 'the architecture is missing'],
  [{ ...architecture, numHeads: 5 }, 'embedDim 16 is not a multiple of numHeads 5'],
])('the config %j is refused', async (config, problem) => {
  expect(await openCheckpoint(blobOf(parameters), config)).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem },
  });
});

test('parameters of another network are refused, each difference named', async () => {
  const other = new Map(parameters);
  other.delete('norm.weight');
  other.set('head.weight', { shape: [2], values: Float32Array.of(1, 2) });
  other.set('cls_token', { shape: [16], values: new Float32Array(16) });
  expect(await openCheckpoint(blobOf(other), architecture)).toEqual({
    ok: false,
    error: {
      code: 'model-parameters-mismatch',
      missing: ['norm.weight'],
      unexpected: ['head.weight'],
      misshaped: [{ name: 'cls_token', expected: [1, 1, 16], actual: [16] }],
    },
  });
});

test('a file that has lost its end since it was opened is refused, not half opened', async () => {
  const bytes = makeSafetensors(parameters);
  class ShrunkFile extends Blob {
    override slice(begin = 0, end = this.size): Blob {
      return super.slice(begin, Math.min(end, bytes.length - 8));
    }
  }
  expect(await openCheckpoint(new ShrunkFile([bytes]), architecture)).toMatchObject({
    ok: false,
    error: { code: 'checkpoint-invalid', problem: expect.stringContaining('cannot be read') as string },
  });
});

test('a file that has gone since it was chosen is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  const path = join(folder, 'model.safetensors');
  await writeFile(path, makeSafetensors(parameters));
  const file = await openAsBlob(path);
  await rm(folder, { recursive: true });
  expect(await openCheckpoint(file, architecture)).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem: 'the file cannot be read' },
  });
});
