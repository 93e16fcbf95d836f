/** Every rate of a run as a function of the step, as main_dino.py plans them (`cosine_scheduler`). */
import type { ScheduledRates, TrainingConfiguration } from '../core/training.ts';

/** From `start` to `end` over `steps` by half a cosine; `at` from 0. */
const cosine = (start: number, end: number, at: number, steps: number): number =>
  end + 0.5 * (start - end) * (1 + Math.cos((Math.PI * at) / steps));

/** From `start` to `end`, reached at the last of `steps` values; `at` from 0. */
const line = (start: number, end: number, at: number, steps: number): number =>
  start + (end - start) * (steps > 1 ? at / (steps - 1) : 0);

/** The learning rate rises from 0 in a straight line that reaches its peak with the last step of the warm-up. */
function learningRateAt(c: TrainingConfiguration, at: number): number {
  const peak = (c.learningRate * c.batchSize) / 256;
  // A peak below the end would make the rate rise.
  const end = Math.min(peak, c.learningRateEnd);
  if (at < c.warmupSteps) return line(0, peak, at, c.warmupSteps);
  return cosine(peak, end, at - c.warmupSteps, Math.max(1, c.steps - c.warmupSteps));
}

/**
 * @param step from 1 on; beyond the configured length the rates stay where the schedules end
 * The teacher's temperature is planned by epochs officially and by steps here, since a folder of photographs has short epochs.
 */
export function ratesAt(configuration: TrainingConfiguration, step: number): ScheduledRates {
  const c = configuration;
  const at = Math.min(step, c.steps) - 1;
  const teacherTemperature =
    at < c.teacherTemperatureWarmupSteps
      ? line(c.teacherTemperatureStart, c.teacherTemperature, at, c.teacherTemperatureWarmupSteps)
      : c.teacherTemperature;
  return {
    learningRate: learningRateAt(c, at),
    weightDecay: cosine(c.weightDecay, c.weightDecayEnd, at, c.steps),
    teacherMomentum: cosine(c.teacherMomentum, 1, at, c.steps),
    teacherTemperature: c.sharpening ? teacherTemperature : c.studentTemperature,
  };
}
