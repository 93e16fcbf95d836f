import { expect, test } from 'vitest';
import { fail, succeed } from '../core/result.ts';
import type { KeptPhotograph } from '../library/run-store.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import { tinyArchitecture, tinyConfiguration } from '../testing/tiny-training.ts';
import type { Trainer } from '../train/trainer.ts';
import { TeacherClasses } from './teacher-classes.ts';

type Vector = readonly [number, number];

/** One photograph for each vector: the fake network below gives its vector by the first value. */
const photographOf = (value: number, className: string | null): KeptPhotograph => ({
  name: `${value}.jpg`,
  className,
  height: 16,
  width: 16,
  values: new Uint8Array(16 * 16 * 3).fill(value),
});

/** @param vectors of the photographs of the values 0, 50, 100, … */
function trainerOf(vectors: readonly Vector[]): Trainer {
  const embed: Trainer['embed'] = async (role, input) => {
    expect(role).toBe('teacher');
    // ImageNet's mean and deviation of red.
    const value = Math.round(((input[0] ?? 0) * 0.229 + 0.485) * 255);
    const vector = vectors[value / 50];
    return vector === undefined
      ? fail({ code: 'device-lost', message: '' })
      : succeed(Float32Array.from(vector));
  };
  return { architecture: tinyArchitecture, configuration: tinyConfiguration, embed } as unknown as Trainer;
}

const vectors: readonly Vector[] = [
  [1, 0],
  [0.99, 0.1],
  [0, 1],
  [0.1, 0.99],
  [0.6, 0.8],
];
const { signal } = new AbortController();
const enqueue = createSerialQueue();

test('each photograph is told by the others, by the votes of the official k-NN', async () => {
  const classes = ['mugs', 'mugs', 'others', 'others', 'mugs'];
  const photographs = classes.map((className, at) => photographOf(50 * at, className));
  // The last one lies nearer to the others: exp(0.85 / 0.07) + exp(0.8 / 0.07) against exp(0.67 / 0.07) + exp(0.6 / 0.07).
  const measured = await new TeacherClasses(photographs, trainerOf(vectors)).measure(enqueue, signal);
  expect(measured).toEqual(succeed(0.8));
});

test('one class, or none, tells nothing, and asks for no pass', async () => {
  for (const className of ['mugs', null]) {
    const photographs = [0, 50].map((value) => photographOf(value, className));
    expect(await new TeacherClasses(photographs, trainerOf([])).measure(enqueue, signal)).toEqual(
      succeed(null),
    );
  }
});

test('a run that is to pause does not wait for it, and a fault of the device is told', async () => {
  const photographs = [photographOf(0, 'mugs'), photographOf(50, 'others')];
  const stopped = AbortSignal.abort();
  expect(await new TeacherClasses(photographs, trainerOf([])).measure(enqueue, stopped)).toEqual(
    succeed(null),
  );
  expect(await new TeacherClasses(photographs, trainerOf([])).measure(enqueue, signal)).toEqual(
    fail({ code: 'device-lost', message: '' }),
  );
});
