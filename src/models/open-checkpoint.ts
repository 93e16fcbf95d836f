/** A checkpoint file into a model ready to be written or run, whatever its format and family. */
import {
  architectureMetadata,
  elementCount,
  gridSizeOf,
  parameterShapes,
  parseArchitecture,
  trainedGrid,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { FailureError, failureOf, type Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { CheckpointHints } from '../core/model.ts';
import type { Normalisation } from '../core/normalisation.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { isFloatType } from '../formats/float-values.ts';
import { openPytorch } from '../formats/pytorch.ts';
import { plainParts, type TensorParts } from '../formats/pytorch-tensors.ts';
import { matchesSafetensors, openSafetensors, readSafetensorsMetadata } from '../formats/safetensors.ts';
import type { StoredTensor, TensorFile, TensorTree } from '../formats/tensor-file.ts';
import { checkParameters } from './check-parameters.ts';
import { chooseGrid, type PositionLayout } from './choose-grid.ts';
import { areFixedPositions } from './fixed-positions.ts';
import { findImageSizes, sizeNames, sizesAmong } from './image-sizes.ts';
import {
  depthOf,
  inferArchitecture,
  mocoV3Heads,
  widthsOf12Heads,
  type ArchitectureHints,
} from './infer-architecture.ts';
import { addClsPosition } from './join-tensors.ts';
import { mapParameterNames, type NamedParameters } from './key-maps.ts';
import { isExactGelu, readNetworkConfig, type NetworkConfig } from './network-config.ts';
import { describeOtherLayers } from './other-kinds.ts';
import { isUnsaid, readNormalisation, takeImageNet } from './own-normalisation.ts';
import {
  describeActivation,
  epsOfModules,
  headsOfModules,
  headsOfOptions,
  modulesOf,
} from './settings-of-modules.ts';

export interface Checkpoint {
  readonly architecture: VitArchitecture;
  /** In the architecture's order, float32, for photographs that are normalised as ImageNet's are. */
  readonly parameters: Map<string, NamedTensor>;
  /** What the file holds besides, for a person to know: `optimizer`, `head.*`, `argparse.Namespace`. */
  readonly ignored: readonly string[];
  /** The networks to choose from by `network`, the one that was taken first; none where the file holds but one. */
  readonly networks: readonly string[];
  /** With what it was trained in place of ImageNet's normalisation, which its parameters take now; null where it was ImageNet's. */
  readonly ownNormalisation: Normalisation | null;
}

interface OpenOptions {
  /** Asked before each parameter is read; false ends it in 'cancelled'. */
  readonly isWanted?: () => boolean;
  /** Told the network's sizes before the first parameter is read. */
  readonly onArchitecture?: ((architecture: VitArchitecture) => void) | undefined;
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

function valueOf<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new FailureError(result.error);
  return result.value;
}

/** @returns what the file itself says of its architecture, or undefined */
async function ownConfig(file: Blob): Promise<unknown> {
  const text = (await readSafetensorsMetadata(file))[architectureMetadata];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(`its ${architectureMetadata} is not JSON`);
  }
}

/** `config` is our own description of the architecture, where the file carries one. */
type OpenedTensors = TensorParts & { readonly config?: unknown };

/** The format is chosen by the first bytes: a name's ending says little. */
export async function openTensors(file: Blob): Promise<OpenedTensors> {
  const head = await file
    .slice(0, Math.min(16, file.size))
    .arrayBuffer()
    .catch(() => null);
  if (head === null) throw invalid('the file cannot be read');
  if (!matchesSafetensors(new Uint8Array(head))) return valueOf(await openPytorch(file));
  const tree = valueOf(await openSafetensors(file));
  return { ...plainParts, tree, byteLength: file.size, config: await ownConfig(file) };
}

const shapesOf = (tensors: TensorFile): Map<string, readonly number[]> =>
  new Map([...tensors].map(([name, { shape }]) => [name, shape]));

const isOurConfig = (config: unknown): config is object =>
  typeof config === 'object' && config !== null && 'embedDim' in config;

type Shapes = ReadonlyMap<string, readonly number[]>;

/** @param stated the sizes of pictures that the file itself mentions */
function layPositions(
  shapes: Shapes,
  { lacksClsPosition, hasTimmRegisters }: NamedParameters,
  { config, grid }: CheckpointHints,
  stated: readonly Size[],
): PositionLayout {
  const positions = shapes.get('pos_embed')?.at(-2);
  if (positions === undefined) throw invalid('it has no pos_embed, which tells the grid of patches');
  const ours = isOurConfig(config) ? parseArchitecture(config) : null;
  return chooseGrid(positions, {
    said: grid,
    described: ours === null || typeof ours === 'string' ? undefined : trainedGrid(ours),
    imageSizesPx: [...findImageSizes(config), ...stated],
    patchSizePx: shapes.get('patch_embed.proj.weight')?.at(-1),
    lacksClsPosition,
    hasTimmRegisters,
  });
}

/** @param inferring for a file without our own config */
function chooseArchitecture(
  shapes: Shapes,
  { config, numHeads }: CheckpointHints,
  inferring: ArchitectureHints,
): VitArchitecture {
  const heads = numHeads === undefined ? {} : { numHeads };
  const architecture = isOurConfig(config)
    ? parseArchitecture({ ...config, gridSize: gridSizeOf(inferring.grid), ...heads })
    : inferArchitecture(shapes, inferring);
  if (typeof architecture !== 'string') return architecture;
  const embedDim = shapes.get('cls_token')?.at(-1);
  // With any head count it would do: what is missing is that number and nothing else.
  const lacksHeads =
    !isOurConfig(config) &&
    inferring.numHeads === undefined &&
    typeof inferArchitecture(shapes, { ...inferring, numHeads: 1 }) !== 'string';
  throw lacksHeads && embedDim !== undefined
    ? new FailureError({ code: 'heads-unknown', embedDim })
    : invalid(architecture);
}

/** @throws FailureError where the tensors are not the architecture's, with the kind of network where they tell it */
function checkLayers(architecture: VitArchitecture, shapes: Shapes): void {
  const checked = checkParameters(architecture, shapes);
  if (checked.ok) return;
  const { error } = checked;
  const kind =
    error.code === 'model-parameters-mismatch' ? describeOtherLayers(error.unexpected, error.missing) : null;
  throw kind === null ? new FailureError(error) : invalid(kind);
}

/** Positions of an odd shape stay as they are, and are refused with it. */
function withClsPosition(tensors: TensorFile): TensorFile {
  const positions = tensors.get('pos_embed');
  return positions?.shape.length === 3 && positions.shape[0] === 1
    ? new Map(tensors).set('pos_embed', addClsPosition(positions))
    : tensors;
}

/** The parts of one checkpoint as one: each parameter lies in one of them. */
async function openParts(files: readonly Blob[]): Promise<OpenedTensors> {
  const opened: OpenedTensors[] = [];
  for (const file of files) opened.push(await openTensors(file));
  const [first] = opened;
  if (first !== undefined && opened.length === 1) return first;
  const tree = new Map<string, StoredTensor | TensorTree>();
  for (const [name, node] of opened.flatMap((part) => [...part.tree])) {
    if (tree.has(name)) throw invalid(`${name} is in two of its files`);
    tree.set(name, node);
  }
  return {
    tree,
    skipped: opened.flatMap(({ skipped }) => skipped),
    byteLength: opened.reduce((sum, { byteLength }) => sum + byteLength, 0),
    modules: new Map(opened.flatMap(({ modules }) => [...modules])),
    settingsNamed: (names) => opened.flatMap((part) => part.settingsNamed(names)),
    config: opened.find(({ config }) => config !== undefined)?.config,
  };
}

/** The names that SLIP's programs give a network and what lies beside it. With 384 channels theirs have 12 heads. */
const isSlips = ({ chosen: { path }, ignored }: NamedParameters): boolean =>
  path.at(-1) === 'visual' && ignored.some((name) => /^image_(mlp\.\*|projection)$/.test(name));

/**
 * In small networks the heads differ. MMPretrain saves MoCo v3's by itself under the names of any other, and MAE-Lite has as many heads:
 * their positions tell, as they may be of an MAE with the usual heads.
 */
async function mayHave12Heads(
  { embedDim, numHeads }: VitArchitecture,
  named: NamedParameters,
): Promise<boolean> {
  if (!widthsOf12Heads.includes(embedDim) || numHeads === mocoV3Heads) return false;
  if (isSlips(named)) return true;
  const positions = await named.tensors.get('pos_embed')?.read();
  return positions !== undefined && areFixedPositions(positions, embedDim);
}

/**
 * @param own what the file itself says of its architecture
 * @returns the description that is believed. What merely lies beside the file may be another network's
 */
function chooseConfig(
  own: unknown,
  { config, isConfigNamed = false }: CheckpointHints,
  shapes: Shapes,
): NetworkConfig {
  const given = isConfigNamed ? (config ?? own) : (own ?? config);
  if (isOurConfig(given)) return { config: given };
  const read = readNetworkConfig(given, shapes);
  if (isConfigNamed && read.contradiction !== undefined)
    throw invalid(`the config that was given is another network's: ${read.contradiction}`);
  if (read.activation !== undefined && !isExactGelu(read.activation))
    throw invalid(
      `its MLPs have the activation ${read.activation} (hidden_act in its config.json); only those with GELU can be run`,
    );
  return read;
}

async function readCheckpoint(
  files: readonly Blob[],
  hints: CheckpointHints,
  { isWanted, onArchitecture }: OpenOptions,
): Promise<Checkpoint> {
  const { tree, skipped, byteLength, modules: all, settingsNamed, config: own } = await openParts(files);
  const named = mapParameterNames(tree, hints.network);
  const { tensors, ignored, isMocoV3, networks } = named;
  const stated = chooseConfig(own, hints, shapesOf(tensors));
  const known = { ...hints, config: stated.config };
  const sizes = sizesAmong(settingsNamed(sizeNames));
  const { grid, hasClsPosition } = layPositions(shapesOf(tensors), named, known, sizes);
  const laid = hasClsPosition ? tensors : withClsPosition(tensors);
  const shapes = shapesOf(laid);
  const depth = depthOf(shapes);
  const modules = modulesOf(named.chosen, all);
  const activation = describeActivation(modules);
  if (activation !== null)
    throw invalid(`its MLPs have another activation than GELU, ${activation}; such networks cannot be run`);
  const numHeads =
    known.numHeads ??
    stated.numHeads ??
    headsOfModules(modules, depth) ??
    headsOfOptions(settingsNamed, { embedDim: shapes.get('cls_token')?.at(-1) ?? 0, depth });
  const layerNormEps = stated.layerNormEps ?? epsOfModules(modules, depth);
  // Our own files take ImageNet's; what lies beside another network's config is another network's, too.
  const isLeftOut =
    isOurConfig(own) ||
    stated.contradiction !== undefined ||
    isUnsaid(stated.config, hints.preprocessor, ignored);
  const ownNormalisation = readNormalisation(stated.config, isLeftOut ? undefined : hints.preprocessor);
  const architecture = chooseArchitecture(shapes, known, { numHeads, isMocoV3, grid, layerNormEps });
  const expected = parameterShapes(architecture);
  // Counters, masks and what has no values are no parameters; where a parameter is stored as one, reading it says so.
  const counters = [...laid]
    .filter(
      ([name, { storedType, shape }]) =>
        (!isFloatType(storedType) || elementCount(shape) === 0) && !expected.has(name),
    )
    .map(([name]) => name);
  for (const name of counters) shapes.delete(name);
  checkLayers(architecture, shapes);
  if (
    numHeads === undefined &&
    !isOurConfig(known.config) &&
    !isMocoV3 &&
    (await mayHave12Heads(architecture, named))
  )
    throw new FailureError({ code: 'heads-unknown', embedDim: architecture.embedDim, mayBe: mocoV3Heads });
  // Tensors may share their bytes, but a small file does not become a large model. The smallest type has two bytes.
  const count = [...expected.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
  if (count * 2 > byteLength)
    throw invalid(`its parameters have ${count} values, more than the file can hold`);
  onArchitecture?.(architecture);
  const parameters = new Map<string, NamedTensor>();
  for (const [name, shape] of expected) {
    if (isWanted?.() === false) throw new FailureError({ code: 'cancelled' });
    const stored = laid.get(name);
    if (stored !== undefined) parameters.set(name, { shape, values: await stored.read() });
  }
  return {
    architecture,
    parameters: ownNormalisation === null ? parameters : takeImageNet(parameters, ownNormalisation),
    ignored: [
      ...ignored,
      ...counters,
      ...skipped,
      ...(stated.contradiction === undefined
        ? []
        : [`config.json (another network's: ${stated.contradiction})`]),
      ...(isLeftOut && hints.preprocessor !== undefined ? ['preprocessor_config.json'] : []),
    ],
    networks,
    ownNormalisation,
  };
}

function describeMissing([missing, ...others]: readonly [string, ...string[]]): Failure {
  const which = others.length > 0 ? `${missing} and ${others.length} more are` : `${missing} is`;
  const problem = `it is one checkpoint in several files, and ${which} missing; bring all of them together`;
  return { code: 'checkpoint-invalid', problem };
}

/**
 * @param file one, or the parts of one checkpoint
 * @returns the parameters, all of them and nothing else, or what is wrong
 */
export async function openCheckpoint(
  file: Blob | readonly Blob[],
  hints: CheckpointHints = {},
  options: OpenOptions = {},
): Promise<Result<Checkpoint, Failure>> {
  const [missing, ...others] = hints.missingParts ?? [];
  const incomplete = missing === undefined ? null : describeMissing([missing, ...others]);
  if (incomplete !== null && hints.mayBeWhole !== true) return fail(incomplete);
  try {
    return succeed(await readCheckpoint(file instanceof Blob ? [file] : file, hints, options));
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    const isNoNetwork = failure.code === 'checkpoint-invalid' || failure.code === 'model-parameters-mismatch';
    return fail(isNoNetwork ? (incomplete ?? failure) : failure);
  }
}
