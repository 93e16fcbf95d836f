/**
 * Checkpoints written by `torch.save`, read lazily from a Blob: the zip layout, and the one of before PyTorch 1.6.
 * Source: PyTorch's torch/serialization.py and torch/_utils.py.
 */
import { distributedParts, isDistributedPart } from '../core/checkpoint-parts.ts';
import { FailureError, failureOf, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { ByteCursor } from './byte-cursor.ts';
import { describeOther, describeUnknownFile } from './describe-unknown-file.ts';
import { embeddedStorages } from './embedded-storages.ts';
import { isArray, openNpz } from './npz.ts';
import { readPickle } from './pickle.ts';
import { isKind, itemsOf, type PickleValue } from './pickle-values.ts';
import { createTorchHost } from './pytorch-host.ts';
import { readLegacyPickles, type PlainPickle } from './pytorch-legacy.ts';
import { legacyStorages, zipStorages, type StorageFile } from './pytorch-storages.ts';
import { collectTensors, hasTensors, type TensorParts } from './pytorch-tensors.ts';
import { readBytes } from './read-bytes.ts';
import { withNormsOfCode } from './torchscript-norms.ts';
import { openZipArchive, type ZipArchive } from './zip-archive.ts';
import { readZipDirectory } from './zip-directory.ts';

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

async function readOrFail(file: Blob, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(file, begin, end);
  if (bytes === null) throw invalid('the file cannot be read');
  return bytes;
}

/** @throws FailureError 'checkpoint-invalid' where it holds no tensors by name */
function collect(root: PickleValue, source: StorageFile): TensorParts {
  if (isKind(root, 'tensor')) throw invalid('it holds a single tensor, and no dictionary of tensors');
  const parts = collectTensors(root, source);
  if (isKind(root, 'opaque') && parts.tree.size === 0)
    throw invalid(
      `it holds a whole ${root.name}, not a dictionary of tensors; save the model's state_dict() instead`,
    );
  if (!isKind(root, 'opaque') && !isKind(root, 'dict') && itemsOf(root) === null)
    throw invalid('it holds no dictionary of tensors');
  return parts;
}

/** @param names of an archive's entries, none of which is PyTorch's @returns a phrase that says what it is */
function describeOtherZip(names: readonly string[]): string {
  const checkpoint = names.find((name) => /\.(pth|pt|ckpt|bin|safetensors|tar)$/i.test(name));
  if (checkpoint !== undefined) return `it is a zip archive that holds ${checkpoint}; unpack it first`;
  const [first = 'nothing'] = names;
  return `it is a zip archive, but not one of PyTorch: it has no data.pkl (it holds ${first}${names.length > 1 ? ' and others' : ''})`;
}

/** @param name of the entry that says it, where there is one */
async function isBigEndian(archive: ZipArchive, name: string): Promise<boolean> {
  const order = archive.entries.get(name);
  if (order?.byteLength !== 'big'.length) return false;
  const content = await archive.open(order);
  return new TextDecoder().decode(await readOrFail(content, 0, content.size)) === 'big';
}

async function openZip(file: Blob): Promise<TensorParts> {
  const archive = openZipArchive(file, await readZipDirectory(file));
  const { entries } = archive;
  // The top folder has the name of the file that was saved first, or any other.
  const [pickleEntry] = [...entries.values()]
    .filter(({ name }) => /(^|\/)data\.pkl$/.test(name))
    .sort((a, b) => a.name.length - b.name.length);
  if (pickleEntry === undefined) {
    if ([...entries.values()].some(isArray)) return openNpz(archive);
    throw invalid(describeOtherZip([...entries.keys()]));
  }
  const folder = pickleEntry.name.slice(0, -'data.pkl'.length);
  const isReversed = await isBigEndian(archive, `${folder}byteorder`);
  const storages = zipStorages(file, archive, folder, isReversed);
  const pickle = await archive.open(pickleEntry);
  const cursor = new ByteCursor(pickle, 0, pickle.size);
  const read = await readPickle(cursor, createTorchHost());
  if (!read.ok) throw invalid('its pickle ends too early');
  const parts = collect(read.value, storages);
  return { ...parts, modules: await withNormsOfCode(parts.modules, archive, folder) };
}

/** A pickle of Python's own may hold arrays of NumPy's, or storages within it. @throws FailureError 'checkpoint-invalid' where it does not */
async function collectOwn({ only: root, embedded }: PlainPickle, file: Blob): Promise<TensorParts> {
  if (isKind(root, 'opaque') && root.name.startsWith('torch.distributed.'))
    throw invalid(`it is no checkpoint, but a list of its parts; ${distributedParts}`);
  const parts = collectTensors(root, await embeddedStorages(file, embedded));
  if (!hasTensors(parts.tree))
    throw invalid(
      'it is a pickle, but not one that torch.save wrote; read it in Python and save its tensors',
    );
  return parts;
}

async function openLegacy(file: Blob): Promise<TensorParts> {
  const pickles = await readLegacyPickles(file);
  if ('only' in pickles) return collectOwn(pickles, file);
  const source = legacyStorages(file, pickles.end, pickles.keys, pickles.storages);
  return collect(pickles.root, source);
}

/**
 * Reads only the pickle, and runs nothing.
 * @returns the tensors, nested as in the file, or 'checkpoint-invalid' with the reason
 */
export async function openPytorch(file: Blob): Promise<Result<TensorParts, Failure>> {
  try {
    if ('name' in file && isDistributedPart(String(file.name)))
      throw invalid(`it is a part of a checkpoint; ${distributedParts}`);
    const head = await readOrFail(file, 0, Math.min(file.size, 2048));
    const [first = 0, second = 0] = head;
    if (first === 0x50 && second === 0x4b) return succeed(await openZip(file)); // PK
    const unknown = describeUnknownFile(head);
    if (unknown !== null) throw invalid(unknown);
    // PROTO, or LONG where protocol 0 was asked for.
    if (first === 0x80 || first === 0x4c) return succeed(await openLegacy(file));
    throw invalid(describeOther(head));
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}
