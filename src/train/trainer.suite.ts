/** A whole run: reports, going on from a checkpoint, exports, failures. One suite for every back end. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { FailureError, failureOf, type BackendName, type Failure } from '../core/failure.ts';
import type { Result } from '../core/result.ts';
import type { StepReport, TrainingConfiguration } from '../core/training.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { openCheckpoint } from '../models/open-checkpoint.ts';
import { Trainer, type TrainerOptions } from './trainer.ts';
import { attendSpecial } from '../vit/attend.ts';
import { uploadParameters } from '../vit/parameters.ts';
import { forwardPlain } from '../vit/plain-forward.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { randomPhotographs, tinyArchitecture, tinyConfiguration } from '../testing/tiny-training.ts';

const { signal } = new AbortController();

export function valueOf<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

async function losses(trainer: Trainer, steps: number, reportEvery = 1): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of trainer.run({ reportEvery, signal })) {
    reports.push(valueOf(report));
    if (reports.at(-1)?.step === steps) break;
  }
  return reports;
}

const lossOf = ({ loss }: StepReport): number => loss;

export function checkTrainer(name: BackendName): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    backend = valueOf(await openBackend(name, null));
  });

  const options = (change: Partial<TrainingConfiguration> = {}): TrainerOptions => ({
    configuration: {
      ...tinyConfiguration,
      steps: 8,
      learningRate: 0.05,
      freezeLastLayerSteps: 2,
      dropPath: 0.3,
      ...change,
    },
    photographs: randomPhotographs(5),
    model: { architecture: tinyArchitecture, parameters: null },
    faults: backend.faults,
  });

  describe(`a run on ${name}`, () => {
    test('reports what it measures, keeps as many tensors as it began with, and ends', async () => {
      const before = tf.memory().numTensors;
      const trainer = valueOf(Trainer.create(options()));
      const tensors = tf.memory().numTensors;
      const reports: StepReport[] = [];
      for await (const report of trainer.run({ reportEvery: 1, signal })) {
        reports.push(valueOf(report));
        expect(tf.memory().numTensors).toBe(tensors);
      }
      expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      for (const { loss, teacherEntropy, kl, centreNorm, gradientNorm, stepMs } of reports) {
        expect(loss).toBeCloseTo(teacherEntropy + kl, 6);
        expect(teacherEntropy).toBeGreaterThan(0);
        expect(teacherEntropy).toBeLessThan(Math.log(16) + 1e-5);
        for (const positive of [centreNorm, gradientNorm, stepMs]) expect(positive).toBeGreaterThan(0);
      }
      expect(trainer.crops.length).toBe(2 * 4);
      trainer.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    test('a run that goes on from a checkpoint gives the losses of one that never stopped', async () => {
      const whole = valueOf(Trainer.create(options()));
      const expected = (await losses(whole, 8)).map(lossOf);
      whole.dispose();

      const first = valueOf(Trainer.create(options()));
      const begun = (await losses(first, 5)).map(lossOf);
      const file = await first.saveCheckpoint();
      first.dispose();
      const { trainer, samePhotographs } = valueOf(
        await Trainer.resume(new Blob([await file.arrayBuffer()]), randomPhotographs(5), backend.faults),
      );
      expect(samePhotographs).toBe(true);
      expect(trainer.stepsTaken).toBe(5);
      const rest = (await losses(trainer, 8)).map(lossOf);
      trainer.dispose();
      expect([...begun, ...rest]).toEqual(expected);

      const other = valueOf(await Trainer.resume(file, randomPhotographs(4), backend.faults));
      expect(other.samePhotographs).toBe(false);
      other.trainer.dispose();
    });

    test('rare reports tell the same losses, and read nothing back in between', async () => {
      const often = valueOf(Trainer.create(options()));
      const expected = (await losses(often, 8)).map(lossOf);
      often.dispose();
      const seldom = valueOf(Trainer.create(options()));
      const reports = await losses(seldom, 8, 3);
      seldom.dispose();
      expect(reports.map(({ step }) => step)).toEqual([3, 6, 8]);
      expect(reports.map(lossOf)).toEqual([expected[2], expected[5], expected[7]]);
    });

    test('teacher and student are exported by the official names, and look where the trainer’s own look', async () => {
      const trainer = valueOf(Trainer.create(options()));
      await losses(trainer, 3);
      const size = { height: 16, width: 20 };
      const input = Float32Array.from({ length: 16 * 20 * 3 }, (_, i) => Math.sin(i * 0.37));
      const maps: number[][] = [];
      for (const role of ['teacher', 'student'] as const) {
        const checkpoint = valueOf(await openCheckpoint(await trainer.exportBackbone(role)));
        expect(checkpoint.architecture).toEqual(tinyArchitecture);
        expect(checkpoint.ignored).toEqual([]);
        const whole = valueOf(await openCheckpoint(await trainer.saveCheckpoint(), { network: role }));
        expect(whole.parameters).toEqual(checkpoint.parameters);
        const parameters = uploadParameters(checkpoint.architecture, checkpoint.parameters);
        const afterBlock = (): Promise<void> => Promise.resolve();
        const expected = await attendSpecial(parameters, input, size, { faults: backend.faults, afterBlock });
        const plain = tf.tidy(() => {
          const { attentions, tokens, feature } = forwardPlain(
            parameters,
            tf.tensor3d(input, [size.height, size.width, 3]),
          );
          tf.dispose([attentions, tokens]);
          return feature;
        });
        const cls = await plain.data();
        plain.dispose();
        parameters.dispose();
        const before = tf.memory().numTensors;
        const actual = valueOf(await trainer.attend(role, input, size));
        const embedded = valueOf(await trainer.embed(role, input, size));
        expect(tf.memory().numTensors).toBe(before);
        expect(maxAbsDifference(actual.maps, expected.maps)).toBeLessThan(1e-7);
        expect(maxAbsDifference(embedded, cls)).toBeLessThan(1e-4);
        maps.push([...actual.maps]);
      }
      expect(maxAbsDifference(maps[0] ?? [], maps[1] ?? [])).toBeGreaterThan(1e-5);
      trainer.dispose();
    });

    test('a loss that is not finite stops the run, and the last good state is what is kept', async () => {
      const trainer = valueOf(Trainer.create(options({ learningRate: 1 })));
      await losses(trainer, 2);
      const good = valueOf(await openCheckpoint(await trainer.saveCheckpoint(), { network: 'student' }));
      const infinite = trainer as unknown as { currentConfiguration: TrainingConfiguration };
      // A temperature of 0 makes every logit infinite, from here on.
      infinite.currentConfiguration = { ...infinite.currentConfiguration, studentTemperature: 0 };
      const results = [];
      for await (const result of trainer.run({ reportEvery: 3, signal })) results.push(result);
      expect(results).toEqual([{ ok: false, error: { code: 'training-diverged', step: 3 } }]);
      expect(trainer.stepsTaken).toBe(2);
      const kept = valueOf(await openCheckpoint(await trainer.saveCheckpoint(), { network: 'student' }));
      expect(kept.parameters).toEqual(good.parameters);
      trainer.dispose();
    });

    test('a fault of the device that comes with what is read back spoils no save and no export', async () => {
      const lost: Failure = { code: 'device-lost', message: 'gone' };
      let isLost = false;
      const check = (): void => {
        if (isLost) throw new FailureError(lost);
      };
      const faults: FaultWatch = {
        check,
        // The values come, and the news of the fault a moment later.
        race: async (work) => {
          const values = await work;
          setTimeout(() => (isLost = true), 0);
          return values;
        },
        settle: async () => {
          await new Promise((resolve) => setTimeout(resolve, 0));
          check();
        },
      };
      const trainer = valueOf(Trainer.create({ ...options(), faults }));
      const failures = [];
      for (const read of [() => trainer.saveCheckpoint(), () => trainer.exportBackbone('teacher')]) {
        isLost = false;
        failures.push(failureOf(await read().catch((error: unknown) => error)));
      }
      expect(failures).toEqual([lost, lost]);
      trainer.dispose();
    });

    test('switches work on a running run', async () => {
      const trainer = valueOf(Trainer.create(options({ teacherTemperature: 0.05 })));
      const [first] = await losses(trainer, 1);
      expect(first?.teacherTemperature).toBe(0.05);
      trainer.setSwitches({ sharpening: false });
      const [second] = await losses(trainer, 2);
      expect(second?.teacherTemperature).toBe(tinyConfiguration.studentTemperature);
      expect(trainer.configuration.sharpening).toBe(false);
      trainer.dispose();
    });
  });
}
