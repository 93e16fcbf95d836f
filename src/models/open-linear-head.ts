/** A published linear classifier, read from its file by our own formats. */
import { FailureError, failureOf, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { isTree, type StoredTensor, type TensorTree } from '../formats/tensor-file.ts';
import { openTensors } from './open-checkpoint.ts';

export interface StoredHead {
  /** Whose order of inputs it has. */
  readonly family: 'dino' | 'dinov2';
  /** K */
  readonly classCount: number;
  /** D */
  readonly inputCount: number;
  /** shape [K, D] */
  readonly weight: Float32Array<ArrayBuffer>;
  /** shape [K] */
  readonly bias: Float32Array<ArrayBuffer>;
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

/** The file has one of these dictionaries; DINO's training names the layer after its wrapper. */
const places = [
  { below: 'state_dict', prefix: 'module.linear.', family: 'dino' },
  { below: 'state_dict', prefix: 'linear.', family: 'dino' },
  { below: null, prefix: '', family: 'dinov2' },
] as const;

/** Names with dots may be nested dictionaries, or one name. */
function tensorAt(tree: TensorTree, name: string): StoredTensor | null {
  const node = tree.get(name);
  return node === undefined || isTree(node) ? null : node;
}

function findLayer(tree: TensorTree): Pick<StoredHead, 'family'> & {
  readonly weight: StoredTensor;
  readonly bias: StoredTensor;
} {
  for (const { below, prefix, family } of places) {
    const within = below === null ? tree : tree.get(below);
    if (within === undefined || !isTree(within)) continue;
    const [weight, bias] = [tensorAt(within, `${prefix}weight`), tensorAt(within, `${prefix}bias`)];
    if (weight !== null && bias !== null) return { family, weight, bias };
  }
  throw invalid('it holds no linear classifier as DINO or DINOv2 publish it (weight and bias)');
}

async function read(file: Blob): Promise<StoredHead> {
  const { tree } = await openTensors(file);
  const { family, weight, bias } = findLayer(tree);
  const [classCount = 0, inputCount = 0, ...more] = weight.shape;
  if (more.length > 0 || classCount < 1 || inputCount < 1 || bias.shape.join() !== String(classCount))
    throw invalid(
      `its weight [${weight.shape.join(', ')}] and bias [${bias.shape.join(', ')}] are no linear layer`,
    );
  if (2 * classCount * inputCount > file.size)
    throw invalid(`its weight has ${classCount * inputCount} values, more than the file can hold`);
  const values = { weight: await weight.read(), bias: await bias.read() };
  if (!values.weight.every(Number.isFinite) || !values.bias.every(Number.isFinite))
    throw invalid('it has values that are not finite');
  return { family, classCount, inputCount, ...values };
}

/** @returns the classifier, or 'checkpoint-invalid' with what is wrong */
export async function openLinearHead(file: Blob): Promise<Result<StoredHead, Failure>> {
  try {
    return succeed(await read(file));
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}
