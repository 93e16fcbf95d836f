import { describe, expect, test } from 'vitest';
import { describeFailure } from '../core/failure.ts';
import { openFixture, openWrapped } from '../testing/checkpoint-fixtures.ts';
import { expectedNetwork } from '../testing/checkpoint-networks.ts';
import { openCheckpoint } from './open-checkpoint.ts';

describe('a checkpoint in several files', () => {
  const part = (name: string): Promise<Blob> => openWrapped(`parts/${name}`);
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;

  test.each<readonly [string, string]>([
    names,
    ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'],
    [names[1], names[0]],
  ])('opens as one, from %s and %s', async (first, second) => {
    const files = [await part(first), await part(second)];
    const opened = await openCheckpoint(files, { numHeads: 3 });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect([...opened.value.parameters]).toEqual([...expectedNetwork('wrapped/teacher').parameters]);
  });

  test('of which some are missing says which', async () => {
    const missing = (...missingParts: string[]) =>
      openCheckpoint([], { numHeads: 3, missingParts }).then((opened) => !opened.ok && opened.error);
    expect(await missing(names[1])).toEqual({
      code: 'checkpoint-invalid',
      problem: `it is one checkpoint in several files, and ${names[1]} is missing; bring all of them together`,
    });
    expect(await missing('a', 'b', 'c')).toMatchObject({
      problem: expect.stringMatching(/, and a and 2 more are missing;/) as string,
    });
  });

  test('is opened where only its name speaks of others, and it is whole; else the others are named', async () => {
    const hints = { missingParts: ['dino-00002-of-00002.pth'], mayBeWhole: true };
    const whole = await openCheckpoint(await openFixture('dino.pth'), { numHeads: 3, ...hints });
    if (!whole.ok) throw new Error(JSON.stringify(whole.error));
    expect([...whole.value.parameters]).toEqual([...expectedNetwork('dino').parameters]);
    expect(await openCheckpoint(await openFixture('dino.pth'), hints)).toMatchObject({
      error: { code: 'heads-unknown' },
    });
    for (const name of names)
      expect(await openCheckpoint(await part(name), { numHeads: 3, ...hints })).toMatchObject({
        error: {
          problem: expect.stringMatching(/^it is one checkpoint in several files, and dino/) as string,
        },
      });
  });

  test('of which one alone has another name says that it may be a part', async () => {
    const [first, second] = await Promise.all(names.map(part));
    if (first === undefined || second === undefined) return expect.unreachable();
    const begun = await openCheckpoint(first, { numHeads: 3 });
    expect(begun.ok || describeFailure(begun.error)).toMatch(
      /missing .*norm\.bias\..*It may be one part of several files, which must be brought together/,
    );
    const ended = await openCheckpoint(second, { numHeads: 3 });
    expect(ended.ok || describeFailure(ended.error)).toMatch(
      /there is no cls_token .*it may be one part of several, which must be brought together/,
    );
  });

  test('in which a parameter lies twice is refused', async () => {
    const first = await part(names[0]);
    expect(await openCheckpoint([first, first], { numHeads: 3 })).toMatchObject({
      ok: false,
      error: { problem: 'vit.embeddings.cls_token is in two of its files' },
    });
  });
});
