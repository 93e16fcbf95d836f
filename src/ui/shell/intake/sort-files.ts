/** Sorts dropped files into photographs, networks and files of a network. It reads the content where the name may be wrong. */
import {
  isDistributedPart,
  isIndexName,
  partsByIndex,
  partsByName,
  type CheckpointParts,
} from '../../../core/checkpoint-parts.ts';
import { archiveHeadBytes, kindOfArchive } from '../../../core/kind-of-archive.ts';
import type { NewDroppedModel } from '../../models/dropped-models.ts';

export interface SortedFiles {
  readonly photos: readonly File[];
  /** The model to use comes first. */
  readonly models: readonly NewDroppedModel[];
  /** Exported training runs. */
  readonly runs: readonly File[];
}

const checkpointEnding = /\.(safetensors|pth|pt|bin|ckpt|pth\.tar|npz|pkl|distcp)$/i;
/** The page gives `.run.zip` to an exported run. What else ends in `.zip` is told by its content. */
const runEnding = /\.run\.zip$/i;
/** Endings that say little, as PyTorch's own advice of .tar and Facebook's .th: such a file is told by its content. */
const anyEnding = /\.(zip|tar|th|torch|model|weights|params)$/i;
/** Files that are usual in a model's folder and are neither photographs nor networks. */
const besideModel =
  /\.(json|md|txt|yaml|yml|py|msgpack|h5|ot|onnx|gitattributes)$|^(readme|license|licence)$/i;

/** The browser's path of a file in a folder, or only the name of a file that was dropped by itself. */
const pathOf = (file: File): string =>
  (file as { path?: string }).path ?? file.webkitRelativePath ?? file.name;

const folderOf = (file: File): string => pathOf(file).replace(/[^/]*$/, '');

const startsWith = (head: Uint8Array, text: string, at = 0): boolean =>
  Array.from(text).every((letter, i) => head[at + i] === letter.charCodeAt(0));

/** Whether the decoder knows the format. A JPEG that is named `x.bin` is a picture too. */
const isPicture = (head: Uint8Array): boolean =>
  startsWith(head, '\xff\xd8\xff') ||
  startsWith(head, '\x89PNG') ||
  startsWith(head, 'GIF8') ||
  startsWith(head, 'BM') ||
  startsWith(head, 'ftyp', 4) ||
  (startsWith(head, 'RIFF') && startsWith(head, 'WEBP', 8));

/** Safetensors, the pickle at the start of older PyTorch files, or an archive that PyTorch or NumPy wrote. */
const isCheckpoint = (head: Uint8Array): boolean =>
  startsWith(head, '{"', 8) ||
  (head[0] === 0x80 && (head[1] ?? 9) >= 2 && (head[1] ?? 9) <= 5) ||
  kindOfArchive(head) === 'checkpoint';

async function headOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(0, archiveHeadBytes).arrayBuffer());
  } catch {
    return new Uint8Array(); // The next reader of the file reports the error.
  }
}

async function readJson(file: File): Promise<unknown> {
  try {
    return JSON.parse(await file.text()) as unknown;
  } catch {
    return null;
  }
}

const isManifest = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'weightsManifest' in json;

/** @returns whether the file must be read to tell what it is */
const isSuspect = ({ name, type }: File): boolean =>
  checkpointEnding.test(name) ||
  anyEnding.test(name) ||
  name === 'model.json' ||
  isIndexName(name) ||
  (type === '' && !/\.\w{2,5}$/.test(name));

/** @returns true if all are photographs by their names, so that none must be read */
export const areAllPhotos = (files: readonly File[]): boolean => !files.some(isSuspect);

/** model.json and all other files in its folder, as one model. */
function tfjsModel(manifest: File, files: readonly File[]): NewDroppedModel {
  const beside = files.filter((file) => folderOf(file) === folderOf(manifest));
  const title =
    folderOf(manifest)
      .split('/')
      .findLast((part) => part !== '' && part !== '.') ?? manifest.name;
  return {
    title,
    kind: 'tfjs',
    files: new Map(
      beside.filter(({ name }) => name === 'model.json' || name.endsWith('.bin')).map((f) => [f.name, f]),
    ),
    hints: {},
  };
}

/** One checkpoint: the files that were dropped, and the parts that are missing. */
interface WholeCheckpoint {
  readonly title: string;
  readonly files: readonly File[];
  readonly missingParts: readonly string[];
  /** Whether only its name speaks of the missing ones. */
  readonly mayBeWhole: boolean;
}

/** More than the names of all tensors take, which stand at a file's beginning. */
const namesBytes = 1_000_000;

/** Whether a file has a CLS token, as each whole network has, and of the parts of one no more than one. */
async function hasCls(file: File): Promise<boolean> {
  const bytes = await file
    .slice(0, namesBytes)
    .arrayBuffer()
    .catch(() => new ArrayBuffer());
  return /cls_token|class_token/.test(new TextDecoder('latin1').decode(bytes));
}

/** Numbers of which some are missing may count epochs. @returns whether each file that is there is a network by itself */
async function areWholes(files: readonly File[]): Promise<boolean> {
  if (files.length < 2) return true;
  return (await Promise.all(files.map(hasCls))).every(Boolean);
}

/** Joins checkpoints that are split into several files. The parts are found by the index file, or by the numbers in their names. */
async function joinParts(checkpoints: readonly File[], all: readonly File[]): Promise<WholeCheckpoint[]> {
  const wholes: WholeCheckpoint[] = [];
  const taken = new Set<File>();
  const takeParts = async (
    first: File,
    { title, names }: CheckpointParts,
    isByName: boolean,
  ): Promise<void> => {
    const beside = checkpoints.filter(
      (file) => folderOf(file) === folderOf(first) && (isByName || !taken.has(file)),
    );
    const there = names.flatMap((name) =>
      name === first.name ? [first] : beside.filter((file) => file.name === name).slice(0, 1),
    );
    const missingParts = names.filter((name) => !there.some((file) => file.name === name));
    const mayBeWhole = isByName && missingParts.length > 0 && (await areWholes(there));
    // An index without its parts is listed too, so that the page can say which files are missing.
    const files = mayBeWhole || there.length === 0 ? [first] : there;
    for (const file of files) taken.add(file);
    wholes.push({ title: mayBeWhole ? first.name : title, files, missingParts, mayBeWhole });
  };
  for (const file of all.filter(({ name }) => isIndexName(name))) {
    const parts = partsByIndex(file.name, await readJson(file));
    if (parts !== null) await takeParts(file, parts, false);
  }
  for (const file of checkpoints)
    if (!taken.has(file))
      await takeParts(file, partsByName(file.name) ?? { title: file.name, names: [file.name] }, true);
  return wholes;
}

/** @param files of one drop; `config.json` and `preprocessor_config.json` beside a checkpoint belong to it */
export async function sortFiles(files: readonly File[]): Promise<SortedFiles> {
  const manifests: File[] = [];
  for (const file of files)
    if (file.name === 'model.json' && isManifest(await readJson(file))) manifests.push(file);
  const runs = files.filter(({ name }) => runEnding.test(name));
  const taken = new Set<File>(runs);
  const models: NewDroppedModel[] = manifests.map((manifest) => {
    const model = tfjsModel(manifest, files);
    for (const file of model.files.values()) taken.add(file as File);
    return model;
  });

  const checkpoints: File[] = [];
  // One of them is enough to hear what they are.
  for (const file of files.filter(({ name }) => isDistributedPart(name))) {
    if (taken.has(file)) continue;
    const isBeside = (each: File): boolean =>
      each !== file &&
      folderOf(each) === folderOf(file) &&
      (isDistributedPart(each.name) || each.name === '.metadata');
    for (const each of files.filter(isBeside)) taken.add(each);
  }
  for (const file of files.filter((each) => !taken.has(each) && isSuspect(each))) {
    const head = await headOf(file);
    if (isPicture(head)) continue;
    if (anyEnding.test(file.name) && kindOfArchive(head) === 'run') {
      runs.push(file);
      taken.add(file);
      continue;
    }
    if (checkpointEnding.test(file.name) || isCheckpoint(head)) checkpoints.push(file);
  }
  // If a folder has the same network in two formats, the one that needs no pickle interpreter comes first.
  checkpoints.sort(
    (a, b) => Number(b.name.endsWith('.safetensors')) - Number(a.name.endsWith('.safetensors')),
  );
  for (const { title, files: parts, missingParts, mayBeWhole } of await joinParts(checkpoints, files)) {
    const beside = (name: string): File | undefined =>
      files.find((each) => each.name === name && parts.some((part) => folderOf(part) === folderOf(each)));
    const config = beside('config.json');
    const preprocessor = beside('preprocessor_config.json');
    const hints = {
      ...(config === undefined ? {} : { config: await readJson(config) }),
      ...(preprocessor === undefined ? {} : { preprocessor: await readJson(preprocessor) }),
      ...(missingParts.length === 0 ? {} : { missingParts, mayBeWhole }),
    };
    const named = new Map(parts.map((part) => [part.name, part]));
    models.push({ title, kind: 'checkpoint', files: named, hints });
    for (const part of parts) taken.add(part);
  }
  const isLeftOver = ({ name }: File): boolean => models.length > 0 && besideModel.test(name);
  return { photos: files.filter((file) => !taken.has(file) && !isLeftOver(file)), models, runs };
}
