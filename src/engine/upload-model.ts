import type { VitArchitecture } from '../core/architecture.ts';
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import type { ModelDescription } from '../core/model.ts';
import { attendAndKeep } from '../vit/attend.ts';
import { attendPatches } from '../vit/attend-patches.ts';
import { uploadParameters, type VitParameters } from '../vit/parameters.ts';
import { failureOfComputing } from './out-of-memory.ts';

/** A model on the device; its owner disposes the parameters. */
export interface UploadedModel {
  readonly description: ModelDescription;
  readonly parameters: VitParameters;
}

/** Patches of the probe: enough that rows and columns differ. */
const probe = { rows: 2, columns: 3 };

/** In px. What a model computes when it is brought onto the device. */
export const probeSize = ({ patchSize }: VitArchitecture): Size => ({
  height: probe.rows * patchSize,
  width: probe.columns * patchSize,
});

/** No picture, but values of a picture's size, the same each time. */
const probeInput = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * 0.013));

/** Lets go of each parameter when it is asked for. */
const takingFrom = (parameters: LoadedModel['parameters']): Pick<LoadedModel['parameters'], 'get'> => ({
  get: (name) => {
    const tensor = parameters.get(name);
    parameters.delete(name);
    return tensor;
  },
});

/**
 * Brings a model onto the device and has it compute once: parameters may have the right names and shapes and still be
 * rubbish. No tensor is left behind where it fails.
 * @param model is empty afterwards: a large network is never in main memory twice
 * @param onBlock told after each block of that computation
 */
export async function uploadModel(
  model: LoadedModel,
  faults: FaultWatch,
  onBlock: () => void = () => {},
): Promise<Result<UploadedModel, Failure>> {
  const { architecture, id, title, parameterCount, networks = [] } = model;
  const { embedDim, depth, numHeads, patchSize: patchSizePx, numRegisters } = architecture;
  const size = probeSize(architecture);
  let parameters: VitParameters | null = null;
  try {
    parameters = uploadParameters(architecture, takingFrom(model.parameters));
    const { pass } = await attendAndKeep(parameters, probeInput(size.height * size.width * 3), size, {
      faults,
      afterBlock: async () => onBlock(),
    });
    try {
      // What a click asks later: on WebGPU its code is compiled now.
      await attendPatches(pass, [{ row: 1, column: 2 }]);
    } finally {
      pass.dispose();
    }
  } catch (error) {
    parameters?.dispose();
    const failure = failureOfComputing(error);
    if (failure === null) throw error;
    return fail(
      failure.code === 'wrong-result' ? { code: 'model-fails-check', problem: failure.problem } : failure,
    );
  }
  const description = { id, title, parameterCount, embedDim, depth, numHeads, patchSizePx, numRegisters };
  return succeed({
    description: networks.length > 1 ? { ...description, networks } : description,
    parameters,
  });
}
