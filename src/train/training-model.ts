/** What a run trains, and whether it can be trained. */
import { parameterShapes, type NamedTensor, type VitArchitecture } from '../core/architecture.ts';
import { findProblems } from '../core/hyper-parameters.ts';
import type { TrainingConfiguration } from '../core/training.ts';

/** A network to adapt, or an architecture to train from scratch. */
export interface TrainingModel {
  readonly architecture: VitArchitecture;
  /** By official names, in official layouts; null draws them. */
  readonly parameters: ReadonlyMap<string, NamedTensor> | null;
}

/** What makes a run impossible with this network, beyond what the configuration itself tells. */
export function findMisfits(
  configuration: TrainingConfiguration,
  { architecture, parameters }: TrainingModel,
  photographs: readonly unknown[],
): string[] {
  const { globalCropPx, localCropPx, localCrops, frozenBlocks } = configuration;
  const { patchSize, depth, numRegisters, layerScale } = architecture;
  const problems = findProblems(configuration).map(({ sentence }) => sentence);
  if (globalCropPx % patchSize !== 0)
    problems.push(`global crops of ${globalCropPx} px are not made of whole patches of ${patchSize} px`);
  if (localCrops > 0 && localCropPx % patchSize !== 0)
    problems.push(`local crops of ${localCropPx} px are not made of whole patches of ${patchSize} px`);
  if (frozenBlocks > depth)
    problems.push(`${frozenBlocks} blocks cannot be frozen: the network has ${depth}`);
  if (photographs.length === 0) problems.push('there is no photograph');
  // The training pass knows neither, and would leave them out in silence.
  if (numRegisters > 0 || layerScale)
    problems.push(
      'networks of the DINOv2 kind (registers, LayerScale) cannot be trained here: take one of DINO, DeiT or MoCo v3',
    );
  const known = parameterShapes(architecture);
  const foreign = [...(parameters?.keys() ?? [])].filter((name) => !known.has(name));
  if (foreign.length > 0)
    problems.push(`the network has parameters that cannot be trained here (${foreign[0]})`);
  return problems;
}
