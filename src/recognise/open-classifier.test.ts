import { expect, test } from 'vitest';
import { openClassifier } from './open-classifier.ts';
import { writeProbeFile } from './probe-file.ts';

const model = { title: 'Tiny', hash: 'tiny', embedDim: 2, depth: 3 };

/** Two classes by CLS and mean. */
const probeOf = (block: number, channels = 4, modelTitle = 'Other', modelHash: string | null = null): Blob =>
  writeProbeFile(
    { classCount: 2, channels, weight: new Float32Array(2 * channels), bias: new Float32Array(2) },
    {
      classNames: ['mugs', 'others'],
      feature: 'both',
      settings: { block, framing: 'square', sidePx: 64 },
      modelKey: 'any',
      modelHash,
      modelTitle,
    },
  );

test('a probe of our own says of which photographs and of which network it was made', async () => {
  const opened = await openClassifier(probeOf(2), model);
  expect(opened).toMatchObject({
    value: { blocks: [2], madeOf: { framing: 'square', sidePx: 64, modelTitle: 'Other' } },
  });
  if (!opened.ok) return;
  const features = { cls: Float32Array.of(3, 4), mean: Float32Array.of(0, 2), gem: Float32Array.of(9, 9) };
  // Each of length 1, and both together.
  const root = Math.SQRT1_2;
  const expected = [0.6 * root, 0.8 * root, 0, root];
  for (const [at, value] of opened.value.inputOf([features]).entries())
    expect(value).toBeCloseTo(expected[at] ?? NaN, 6);
});

test.each([
  ['Tiny', 'tiny'],
  ['Tiny', null],
  ['another version of Tiny', 'older'],
])('of a network of the same name it says %s where its hash is %s', async (told, hash) => {
  expect(await openClassifier(probeOf(2, 4, 'Tiny', hash), model)).toMatchObject({
    value: { madeOf: { modelTitle: told } },
  });
});

test('the same network is called by its title here, whatever it was called where the probe was made', async () => {
  expect(await openClassifier(probeOf(2, 4, 'small.pth', 'tiny'), model)).toMatchObject({
    value: { madeOf: { modelTitle: 'Tiny' } },
  });
});

test.each([
  ['it learned from block 4, and Tiny has 3', probeOf(4)],
  ['its 6 inputs are not made of the 2 channels of Tiny', probeOf(1, 6)],
])('one that does not fit is refused: %s', async (problem, file) => {
  expect(await openClassifier(file, model)).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem },
  });
});
