/** A network on the device. */
import type { VitArchitecture } from '../core/architecture.ts';
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { ModelDescription } from '../core/model.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import { hashNetwork } from '../models/network-hash.ts';
import { runForward } from '../vit/forward.ts';
import { uploadParameters, type VitParameters } from '../vit/parameters.ts';
import { readAttention } from '../vit/read-attention.ts';
import type { Tap } from '../vit/taps.ts';
import type { Budgeted } from './byte-budget.ts';
import { failureOfComputing } from './out-of-memory.ts';

/** A pass that took less reports no progress between blocks, see `isFast`. */
const fastMs = 500;

export class DeviceModel implements Budgeted {
  readonly description: ModelDescription;
  readonly parameters: VitParameters;
  /** Makes the kernels that were chosen for it the current ones. */
  readonly applyTuning: () => void;
  /** The most tokens that a pass has had in little time. */
  private fastTokens = 0;
  /** Its parameters are disposed; its passes can no longer be used. */
  isGone = false;

  /** @param parameters owned from now on */
  constructor(description: ModelDescription, parameters: VitParameters, applyTuning: () => void) {
    this.description = description;
    this.parameters = parameters;
    this.applyTuning = applyTuning;
  }

  get architecture(): VitArchitecture {
    return this.parameters.architecture;
  }

  get byteLength(): number {
    return this.description.parameterCount * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Whether a pass of so many tokens is known to be too short for reports of progress. */
  isFast(tokens: number): boolean {
    return tokens <= this.fastTokens;
  }

  noteSpeed(tokens: number, forwardMs: number): void {
    this.fastTokens =
      forwardMs <= fastMs ? Math.max(this.fastTokens, tokens) : Math.min(this.fastTokens, tokens - 1);
  }

  dispose(): void {
    this.isGone = true;
    this.parameters.dispose();
  }
}

/** Patches of the probe: enough that rows and columns differ. */
const probe = { rows: 2, columns: 3 };

/** In px. What a model computes when it is brought onto the device. */
export const probeSize = ({ patchSize }: VitArchitecture): Size => ({
  height: probe.rows * patchSize,
  width: probe.columns * patchSize,
});

/** Values in the range of a picture's, the same each time. */
const probeInput = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * 0.013));

/** Gives each parameter once and forgets it. */
const takingFrom = (parameters: LoadedModel['parameters']): Pick<LoadedModel['parameters'], 'get'> => ({
  get: (name) => {
    const tensor = parameters.get(name);
    parameters.delete(name);
    return tensor;
  },
});

function describe(model: LoadedModel, hash: string): ModelDescription {
  const { id, title, parameterCount, networks = [], architecture, features, ownNormalisation } = model;
  const { leftOut = [] } = model;
  const { embedDim, depth, numHeads, patchSize: patchSizePx, numRegisters } = architecture;
  const sizes = { parameterCount, embedDim, depth, numHeads, patchSizePx, numRegisters };
  return {
    id,
    title,
    hash,
    ...sizes,
    ...(networks.length > 1 ? { networks } : {}),
    ...(ownNormalisation === undefined ? {} : { ownNormalisation }),
    ...(leftOut.length > 0 ? { leftOut } : {}),
    ...(features === undefined ? {} : { features }),
  };
}

/** Runs a small pass and asks one patch, so that WebGPU compiles their code now. */
async function computeOnce(
  parameters: VitParameters,
  faults: FaultWatch,
  onBlock: () => void,
): Promise<void> {
  const { architecture } = parameters;
  const size = probeSize(architecture);
  const last = [architecture.depth - 1];
  const taps: Tap[] = [
    { of: 'attention', blocks: last, queries: 'special' },
    { of: 'attention', blocks: last, queries: 'all' },
  ];
  const tapped = await runForward(parameters, probeInput(size.height * size.width * 3), size, taps, {
    faults,
    afterBlock: async () => onBlock(),
  });
  try {
    await readAttention(tapped, last, 'special');
    await readAttention(tapped, last, [tapped.tokens - 1]);
  } finally {
    tapped.dispose();
  }
}

/**
 * Brings a model onto the device and has it compute once: parameters may have the right names and shapes and still be
 * useless. Where it fails, no tensor is left.
 * @param model is empty afterwards: a large network is never in main memory twice
 * @param applyTuning puts the choice of kernels for it into force, which is in force now
 * @param onBlock told after each block of that computation
 * @returns the model, which the caller disposes
 */
export async function uploadModel(
  model: LoadedModel,
  faults: FaultWatch,
  applyTuning: () => void,
  onBlock: () => void = () => {},
): Promise<Result<DeviceModel, Failure>> {
  let parameters: VitParameters | null = null;
  try {
    const hash = await hashNetwork(model);
    parameters = uploadParameters(model.architecture, takingFrom(model.parameters));
    await computeOnce(parameters, faults, onBlock);
    return succeed(new DeviceModel(describe(model, hash), parameters, applyTuning));
  } catch (error) {
    parameters?.dispose();
    const failure = failureOfComputing(error);
    if (failure === null) throw error;
    return fail(
      failure.code === 'wrong-result' ? { code: 'model-fails-check', problem: failure.problem } : failure,
    );
  }
}
