/**
 * Epsilons of layer norms in a network that TorchScript saved: they are no attributes of its modules, as in other pickles, but stand in the
 * code of their classes. Source: PyTorch's torch/csrc/jit/serialization/python_print.cpp.
 */
import type { ModuleSettings, TensorParts } from './pytorch-tensors.ts';
import { readBytes } from './read-bytes.ts';
import type { ZipArchive } from './zip-archive.ts';

/** A layer norm's takes 600 bytes. */
const maxCodeBytes = 16_384;
/** PyTorch's; a call with it does not name it. */
const defaultEps = 1e-5;

/** @param code of one class @returns undefined where it is no layer norm */
function epsIn(code: string): number | undefined {
  if (!/\blayer_norm\b/.test(code)) return undefined;
  // Scripted, it is a constant of the class; traced, it is in the call.
  const [, constant] = /^\s+eps : Final\[float\] = (\S+)$/m.exec(code) ?? [];
  const [, called] = /\btorch\.layer_norm\(.*\], \w+, \w+, ([\d.e+-]+)[,)]/.exec(code) ?? [];
  return Number(constant ?? called ?? defaultEps);
}

/** @returns the code of a module's class; undefined where the archive has none */
async function codeOf(type: string, archive: ZipArchive, folder: string): Promise<string | undefined> {
  const at = type.lastIndexOf('.');
  const entry = archive.entries.get(`${folder}code/${type.slice(0, at).replaceAll('.', '/')}.py`);
  if (entry === undefined || entry.byteLength > maxCodeBytes) return undefined;
  // The weights may be whole where the code is damaged.
  const file = await archive.openBeginning(entry, maxCodeBytes).catch(() => null);
  const bytes = file && (await readBytes(file, 0, file.size));
  const classes = bytes === null ? [] : new TextDecoder().decode(bytes).split(/^class /m);
  return classes.find((code) => code.startsWith(`${type.slice(at + 1)}(`));
}

/**
 * @param folder that the archive's pickle is in
 * @returns modules whose layer norms say their epsilons as those of other pickles do
 */
export async function withNormsOfCode(
  modules: TensorParts['modules'],
  archive: ZipArchive,
  folder: string,
): Promise<TensorParts['modules']> {
  const epsOf = new Map<string, number>();
  for (const type of new Set([...modules.values()].flat().map((module) => module.type))) {
    if (!/^__torch__\..*norm\w*$/i.test(type)) continue;
    const eps = epsIn((await codeOf(type, archive, folder)) ?? '');
    if (eps !== undefined) epsOf.set(type, eps);
  }
  const withEps = (module: ModuleSettings): ModuleSettings => {
    const eps = epsOf.get(module.type);
    if (eps === undefined) return module;
    const own: ReadonlyMap<string, unknown> = new Map<string, unknown>([
      ['eps', eps],
      ['normalized_shape', []],
    ]);
    return { ...module, attribute: (name) => own.get(name) ?? module.attribute(name) };
  };
  return new Map([...modules].map(([tree, each]) => [tree, each.map(withEps)]));
}
