/** A training run that takes one step on request, as the page and the command line do: crops, gradients, update. */
import type { VitArchitecture } from '../../src/core/architecture.ts';
import type { StepKernels, TrainingConfiguration } from '../../src/core/training.ts';
import type { openBackend } from '../../src/gpu/open-backend.ts';
import type { WasmAssets } from '../../src/gpu/open-wasm.ts';
import { randomPhotographs } from '../../src/testing/tiny-training.ts';
import type { Trainer } from '../../src/train/trainer.ts';

/** The modules that a step uses, of this checkout or of another one for comparison. */
export interface TrainingCode {
  readonly openBackend: typeof openBackend;
  readonly Trainer: typeof Trainer;
}

export interface TrainingChoice {
  readonly architecture: VitArchitecture;
  readonly configuration: TrainingConfiguration;
  readonly kernels: StepKernels;
}

export interface OpenTraining {
  readonly device: string;
  step(): Promise<void>;
}

export async function openTraining(
  { architecture, configuration, kernels }: TrainingChoice,
  code: TrainingCode,
  wasmAssets: WasmAssets | null,
): Promise<OpenTraining> {
  const opened = await code.openBackend('wasm', wasmAssets);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const created = code.Trainer.create({
    configuration: { ...configuration, steps: 100_000 },
    // The size at which photographs are kept for training.
    photographs: randomPhotographs(4, 2 * configuration.globalCropPx),
    model: { architecture, parameters: null },
    faults: opened.value.faults,
    kernels,
  });
  if (!created.ok) throw new Error(JSON.stringify(created.error));
  return {
    device: opened.value.device,
    step: async () => {
      const report = await created.value.step();
      if (!report.ok) throw new Error(JSON.stringify(report.error));
    },
  };
}
