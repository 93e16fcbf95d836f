import { expect, test } from 'vitest';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import { readProbeFile, writeProbeFile, type ProbeFacts } from './probe-file.ts';

const facts: ProbeFacts = {
  classNames: ['mugs', 'no “mugs”'],
  feature: 'both',
  settings: { block: 12, framing: 'square', sidePx: 224 },
  modelKey: 'embedded',
  modelHash: 'ab12',
  modelTitle: 'mini/16',
};
const probe = {
  classCount: 2,
  channels: 3,
  weight: Float32Array.of(1, 2, 3, 4, 5, 6),
  bias: Float32Array.of(-1, 1),
};

test('a probe comes out of its file as it went in', async () => {
  expect(await readProbeFile(writeProbeFile(probe, facts))).toEqual({ probe, facts });
});

test('one of an older version of the page does not say its network’s hash', async () => {
  const old = { ...facts, modelHash: null };
  expect((await readProbeFile(writeProbeFile(probe, old))).facts).toEqual(old);
});

const texts = {
  classNames: '["a","b"]',
  feature: 'cls',
  settings: '{"block":1,"framing":"square","sidePx":32}',
  modelKey: 'k',
  modelTitle: 't',
};
const weight = { shape: [2, 3], values: new Float32Array(6) };
const bias = { shape: [2], values: new Float32Array(2) };

test.each([
  ['no safetensors file', new Blob(['PK'])],
  ['does not say its classes', writeSafetensors(new Map([['linear.weight', weight]]), {})],
  ['does not say its classes', writeSafetensors(new Map(), { ...texts, classNames: '{' })],
  ['does not say of which features', writeSafetensors(new Map(), { ...texts, feature: 'all' })],
  ['does not say of which features', writeSafetensors(new Map(), { ...texts, settings: '{"block":1}' })],
  ['no linear.weight and linear.bias', writeSafetensors(new Map([['linear.weight', weight]]), texts)],
  [
    'do not fit its classes',
    writeSafetensors(
      new Map([
        ['linear.weight', weight],
        ['linear.bias', bias],
      ]),
      { ...texts, classNames: '["a"]' },
    ),
  ],
  [
    'not finite',
    writeSafetensors(
      new Map([
        ['linear.weight', { ...weight, values: new Float32Array(6).fill(NaN) }],
        ['linear.bias', bias],
      ]),
      texts,
    ),
  ],
])('another file is refused: %s', async (problem, file) => {
  await expect(readProbeFile(file)).rejects.toMatchObject({
    failure: { code: 'probe-invalid', problem: expect.stringContaining(problem) as string },
  });
});
