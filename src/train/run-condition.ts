/** One training of the experiment of the paper's figure 7, on the current back end. */
import { type Condition, experimentConfiguration, experimentPreset } from '../core/collapse-experiment.ts';
import type { Failure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import type { StepReport, TrainingConfiguration } from '../core/training.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { PixelGrid } from '../media/resample.ts';
import { Trainer } from './trainer.ts';

/**
 * @param changes of the experiment's configuration, as a seed
 * @returns a report of every step
 */
export async function runCondition(
  { centring, sharpening }: Condition,
  photographs: readonly PixelGrid[],
  faults: FaultWatch,
  changes: Partial<TrainingConfiguration> = {},
): Promise<Result<StepReport[], Failure>> {
  const { scratch } = experimentPreset;
  if (scratch === null) throw new Error('the experiment has no network of its own');
  const created = Trainer.create({
    configuration: { ...experimentConfiguration, ...changes, centring, sharpening },
    photographs,
    model: { architecture: scratch, parameters: null },
    faults,
  });
  if (!created.ok) return created;
  const trainer = created.value;
  const reports: StepReport[] = [];
  try {
    const { signal } = new AbortController();
    for await (const report of trainer.run({ reportEvery: 1, signal })) {
      if (!report.ok) return report;
      reports.push(report.value);
    }
  } finally {
    trainer.dispose();
  }
  return succeed(reports);
}
