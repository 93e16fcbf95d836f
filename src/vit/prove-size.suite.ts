/** That what a device computes is held against plain arrays in its own size: one suite, run on every back end. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { floatsOfBase64 } from '../core/base64.ts';
import type { BackendName } from '../core/failure.ts';
import { decodeFloat16, encodeFloat16 } from '../core/float16.ts';
import { setTuning, untuned } from '../gpu/kernels/tuning.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { overlapFixtures } from '../testing/overlap-fixtures.ts';
import { tapFixtures, type TapCase } from '../testing/tap-fixtures.ts';
import { uploadParameters } from './parameters.ts';
import { proveSize } from './prove-size.ts';

export function checkProveSize(name: BackendName): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  describe.each(tapFixtures.map((fixture) => [fixture.network.name, fixture] as const))(
    '%s',
    (_, fixture) => {
      const { architecture, parameters: named } = fixture.network;

      test.each(fixture.cases)(
        'is right at $rows × $columns, and no tensor is left',
        async ({ input, size }) => {
          const before = tf.memory();
          const parameters = uploadParameters(architecture, named);
          await expect(proveSize(parameters, input, size, backend)).resolves.toBeUndefined();
          parameters.dispose();
          expect(tf.memory().numTensors).toBe(before.numTensors);
          expect(tf.memory().numBytes).toBe(before.numBytes);
        },
      );

      if (name !== 'webgpu') return; // which alone has weights of half the size
      test('is right with weights of half the size', async () => {
        const [each] = fixture.cases as [TapCase, ...TapCase[]];
        const halves = new Map(
          [...named].map(([key, { shape, values }]) => [
            key,
            { shape, values: decodeFloat16(encodeFloat16(values)) },
          ]),
        );
        setTuning(tf.backend(), { ...untuned, storage: () => 'float16' });
        const parameters = uploadParameters(architecture, halves);
        setTuning(tf.backend(), untuned);
        await expect(proveSize(parameters, each.input, each.size, backend)).resolves.toBeUndefined();
        parameters.dispose();
      });
    },
  );

  test.each(overlapFixtures)('is right for $name, and no tensor is left', async (fixture) => {
    const before = tf.memory();
    const parameters = uploadParameters(fixture.architecture, fixture.parameters);
    for (const { input, overlap = 1 } of fixture.cases) {
      const proof = proveSize(parameters, floatsOfBase64(input.values), input, { ...backend, overlap });
      await expect(proof).resolves.toBeUndefined();
    }
    parameters.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });
}
