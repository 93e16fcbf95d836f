/** A checkpoint file and its config into a model ready to be written or run; each format is tried by its first bytes. */
import {
  parameterShapes,
  parseArchitecture,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { failureOf, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { matchesSafetensors, openSafetensors } from '../formats/safetensors.ts';
import { checkParameters } from './check-parameters.ts';

export interface Checkpoint {
  readonly architecture: VitArchitecture;
  /** In the architecture's order, float32. */
  readonly parameters: ReadonlyMap<string, NamedTensor>;
}

/**
 * @param config the architecture as JSON, since a head count is not in the tensors' shapes
 * @returns the parameters, all of them and nothing else, or what is wrong
 */
export async function openCheckpoint(file: Blob, config: unknown): Promise<Result<Checkpoint, Failure>> {
  const architecture = parseArchitecture(config);
  if (typeof architecture === 'string') return fail({ code: 'checkpoint-invalid', problem: architecture });
  const head = await file
    .slice(0, 16)
    .arrayBuffer()
    .catch(() => null);
  if (head === null) return fail({ code: 'checkpoint-invalid', problem: 'the file cannot be read' });
  if (!matchesSafetensors(new Uint8Array(head)))
    return fail({ code: 'checkpoint-invalid', problem: 'it is not a safetensors file' });
  const tensors = await openSafetensors(file);
  if (!tensors.ok) return tensors;
  const shapes = new Map([...tensors.value].map(([name, { shape }]) => [name, shape]));
  const checked = checkParameters(architecture, shapes);
  if (!checked.ok) return checked;
  const parameters = new Map<string, NamedTensor>();
  try {
    for (const [name, shape] of parameterShapes(architecture)) {
      const stored = tensors.value.get(name);
      if (stored !== undefined) parameters.set(name, { shape, values: await stored.read() });
    }
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
  return succeed({ architecture, parameters });
}
