/** The paper's figure 7 on a tiny network: centring and sharpening alone each collapse, to opposite sides, and together do not. */
import { beforeAll, expect, test } from 'vitest';
import type { StepReport, TrainingSwitches } from '../core/training.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { randomPhotographs, tinyArchitecture, tinyConfiguration } from '../testing/tiny-training.ts';
import { Trainer } from './trainer.ts';

let backend: OpenBackend;
beforeAll(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  backend = opened.value;
});

const outputDim = 32;
const uniform = Math.log(outputDim);

/** Means over the last 40 of 260 steps. */
async function runWith(switches: TrainingSwitches): Promise<{ entropy: number; kl: number }> {
  const created = Trainer.create({
    configuration: {
      ...tinyConfiguration,
      ...switches,
      outputDim,
      batchSize: 4,
      // The schedules go on beyond the part that is run, so that the teacher keeps following.
      steps: 2000,
      teacherMomentum: 0.9,
    },
    photographs: randomPhotographs(16),
    model: { architecture: tinyArchitecture, parameters: null },
    faults: backend.faults,
  });
  if (!created.ok) throw new Error(JSON.stringify(created.error));
  const last: StepReport[] = [];
  const { signal } = new AbortController();
  for await (const report of created.value.run({ reportEvery: 1, signal })) {
    if (!report.ok) throw new Error(JSON.stringify(report.error));
    if (report.value.step > 220) last.push(report.value);
    if (report.value.step === 260) break;
  }
  created.value.dispose();
  const mean = (of: (report: StepReport) => number): number =>
    last.reduce((sum, report) => sum + of(report), 0) / last.length;
  return { entropy: mean(({ teacherEntropy }) => teacherEntropy), kl: mean(({ kl }) => kl) };
}

test(
  'sharpening alone: one output; centring alone: the uniform output; both: neither',
  { timeout: 600_000 },
  async () => {
    const sharpened = await runWith({ centring: false, sharpening: true });
    expect(sharpened.entropy).toBeLessThan(0.05);
    expect(sharpened.kl).toBeLessThan(0.05);

    const centred = await runWith({ centring: true, sharpening: false });
    expect(centred.entropy).toBeGreaterThan(0.98 * uniform);
    expect(centred.entropy).toBeLessThanOrEqual(uniform * (1 + 1e-6));
    expect(centred.kl).toBeLessThan(0.05);

    const both = await runWith({ centring: true, sharpening: true });
    expect(both.entropy).toBeGreaterThan(0.05);
    expect(both.entropy).toBeLessThan(0.98 * uniform);
    expect(both.kl).toBeGreaterThan(5 * Math.max(sharpened.kl, centred.kl));
  },
);
