/**
 * Checkpoints in several files, as Hugging Face cuts them: `model-00001-of-00002.safetensors` and so on, with an
 * index that says which file has which parameter. The index, or the numbers in the names, say which files belong
 * together.
 */

/** What belongs together, by the files' names without their folder. */
export interface CheckpointParts {
  /** The name that the checkpoint would have in one file. */
  readonly title: string;
  readonly names: readonly string[];
}

const numbered = /^(.+)-(\d{2,6})-of-(\d{2,6})(\.[a-z]+)$/i;
/** Hugging Face writes five. Fewer count other things, such as epochs: each file is a whole network then. */
const fewestDigits = 5;
/** Far above every published checkpoint. */
const maxParts = 10_000;

/** A variant's name may stand in between, as in `model.safetensors.index.fp16.json`. */
export const isIndexName = (name: string): boolean => /\.index(\.[a-z0-9_]+)?\.json$/i.test(name);

/** @returns null where the name has no numbers: it is one whole file */
export function partsByName(name: string): CheckpointParts | null {
  const [, stem = '', number = '', count = '', ending = ''] = numbered.exec(name) ?? [];
  const total = Number(count);
  const isPart = total === 1 || count.length >= fewestDigits;
  if (stem === '' || !isPart || total < 1 || total > maxParts || Number(number) > total) return null;
  const names = Array.from(
    { length: total },
    (_, i) => `${stem}-${String(i + 1).padStart(number.length, '0')}-of-${count}${ending}`,
  );
  return { title: `${stem}${ending}`, names };
}

/**
 * @param name the index's own
 * @param json its content
 * @returns null where it is not the index of a checkpoint
 */
export function partsByIndex(name: string, json: unknown): CheckpointParts | null {
  const map =
    typeof json === 'object' && json !== null ? (json as { weight_map?: unknown }).weight_map : null;
  if (typeof map !== 'object' || map === null) return null;
  const names = [...new Set(Object.values(map))].filter(
    // A name, not a path: parts lie beside their index and nowhere else.
    (part): part is string => typeof part === 'string' && /^[^/\\]+$/.test(part) && !/^\.+$/.test(part),
  );
  if (names.length === 0 || names.length > maxParts) return null;
  return { title: name.replace(/\.index(\.[a-z0-9_]+)?\.json$/i, ''), names };
}

/**
 * torch.distributed.checkpoint writes a folder of parts, in which tensors lie one after the other without names. These are in a
 * file `.metadata`.
 */
export const isDistributedPart = (name: string): boolean => /\.distcp$/i.test(name);

export const distributedParts =
  'torch.distributed.checkpoint writes such parts (.distcp); make one file of their folder first ' +
  "(torch.distributed.checkpoint.format_utils.dcp_to_torch_save(folder, 'model.pth'))";
