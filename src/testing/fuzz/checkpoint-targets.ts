/**
 * Fuzz targets for checkpoints of every format: each damaged file must be refused or give tensors that fit the file. Node
 * only.
 */
import { elementCount } from '../../core/architecture.ts';
import { damage, type SeededRandom } from '../../core/seeded-random.ts';
import { openZipArchive } from '../../formats/zip-archive.ts';
import { findEntryBytes, readZipDirectory } from '../../formats/zip-directory.ts';
import { openPytorch } from '../../formats/pytorch.ts';
import { openSafetensors } from '../../formats/safetensors.ts';
import { isTree, type StoredTensor, type TensorTree } from '../../formats/tensor-file.ts';
import { decodeWeights, parseTfjsManifest } from '../../formats/tfjs-manifest.ts';
import { writeTfjsModel } from '../../formats/tfjs-writer.ts';
import type { WeightsDtype } from '../../formats/weight-encoding.ts';
import { openCheckpoint } from '../../models/open-checkpoint.ts';
import { openFixture } from '../checkpoint-fixtures.ts';
import { safetensorsBytes } from '../make-safetensors.ts';
import { makeZip } from '../make-zip.ts';
import { exchangePickleNumbers, randomPickle } from '../random-pickle.ts';
import { vitFixtures } from '../vit-fixtures.ts';
import {
  bytesOf,
  damagePart,
  damageText,
  exchangeFields,
  exchangeNumbers,
  type Bytes,
  type NonEmpty,
} from './damages.ts';
import type { FuzzTarget } from './fuzz-target.ts';

/** Only a few tensors are read from most files, since reading is the slow part; all are read from some files. */
const tensorsPerFile = 4;
/**
 * Limit for the bytes read while a file is opened, as a multiple of its size. The end of the archive, its directory, its
 * pickle and its headers are read, each of which is part of the file.
 */
const maxShare = 4;
/** A compressed archive may hold this many times its size (`openZipArchive`). */
const maxUnpacked = 16;

/**
 * Counts the bytes that a reader requests. A request beyond the end of the file is recorded as a fault, because the
 * reader would take the result for a truncated file.
 */
class CountedFile extends Blob {
  askedBytes = 0;
  beyond: string | null = null;

  override slice(begin = 0, end = this.size): Blob {
    if (begin < 0 || end < begin || end > this.size)
      this.beyond ??= `bytes ${begin} to ${end} were asked for, of a file of ${this.size}`;
    this.askedBytes += end - begin;
    return super.slice(begin, end);
  }
}

interface Seeds {
  readonly safetensors: Bytes;
  readonly zips: NonEmpty<Bytes>;
  readonly legacies: NonEmpty<Bytes>;
  /** The entries of each zip, so that one entry can be damaged while the archive stays valid. */
  readonly entries: NonEmpty<ZipEntries>;
  /** Archives with compressed entries: PyTorch's packed anew, and NumPy's. */
  readonly packed: NonEmpty<Bytes>;
  readonly npz: Bytes;
  /** The entries of PyTorch's archive of NumPy's arrays, and a pickle of Python's own that holds them. */
  readonly arrays: ZipEntries;
  readonly pickledArrays: Bytes;
  /** Models in tfjs format: model.json and the single shard of each. */
  readonly manifests: NonEmpty<{ readonly text: string; readonly weights: Bytes }>;
}

type ZipEntries = readonly { readonly name: string; readonly bytes: Bytes }[];

async function entriesOf(zip: Bytes): Promise<ZipEntries> {
  const file = new Blob([zip]);
  const entries: { name: string; bytes: Bytes }[] = [];
  const archive = openZipArchive(file, await readZipDirectory(file));
  for (const entry of archive.entries.values())
    entries.push({ name: entry.name, bytes: await bytesOf(await archive.open(entry)) });
  return entries;
}

async function readSeeds(): Promise<Seeds> {
  const read = async (file: string): Promise<Bytes> => bytesOf(await openFixture(file));
  const zips: NonEmpty<Bytes> = [
    await read('odd.pth'),
    await read('shared.pth'),
    await read('full.pth'),
    await read('../rare/scripted.pt'),
  ];
  const [network] = vitFixtures;
  if (network === undefined) throw new Error('no network');
  const manifestOf = (dtype: WeightsDtype): Seeds['manifests'][number] => {
    const files = writeTfjsModel({ id: 'a', title: 'A', ...network }, dtype);
    return {
      text: new TextDecoder().decode(files.at(-1)?.bytes),
      weights: files[0]?.bytes ?? new Uint8Array(),
    };
  };
  return {
    safetensors: await read('model.safetensors'),
    zips,
    legacies: [await read('dino-legacy.pth'), await read('full-legacy.pth'), await read('shared-legacy.pth')],
    entries: [await entriesOf(zips[0]), ...(await Promise.all(zips.slice(1).map(entriesOf)))],
    packed: [
      await read('../rare/packed.pth'),
      await read('../rare/packed-shared.pth'),
      await read('../rare/arrays-compressed.npz'),
    ],
    npz: await read('../rare/arrays.npz'),
    arrays: await entriesOf(await read('../rare/arrays-2.pth')),
    pickledArrays: await read('../rare/arrays.pkl'),
    manifests: [manifestOf('float16'), manifestOf('uint8')],
  };
}

function rezip(
  entries: ZipEntries,
  random: SeededRandom,
  change: (pickle: Bytes, random: SeededRandom) => Bytes,
): Promise<Bytes> {
  const changed = entries.map(({ name, bytes }) => ({
    name,
    bytes: name.endsWith('data.pkl') ? change(bytes, random) : bytes,
  }));
  return bytesOf(makeZip(changed, random.below(2) === 0).slice());
}

type Damage = (seeds: Seeds, random: SeededRandom) => Bytes | Promise<Bytes>;

const fileDamages: readonly (readonly [name: string, damage: Damage])[] = [
  ['safetensors, bytes', ({ safetensors }, random) => damagePart(safetensors, 0, 5000, random)],
  [
    'safetensors, numbers of the header',
    ({ safetensors }, random) => {
      const end = 8 + Number(new DataView(safetensors.buffer).getBigUint64(0, true));
      const header = new TextDecoder().decode(safetensors.subarray(8, end));
      return safetensorsBytes(exchangeNumbers(header, random), safetensors.subarray(end));
    },
  ],
  ['PyTorch zip, bytes', ({ zips }, random) => damage(random.pick(zips), random)],
  [
    'PyTorch zip, directory',
    ({ zips }, random) => {
      const zip = random.pick(zips);
      return damagePart(zip, Math.max(0, zip.length - 600), zip.length, random);
    },
  ],
  ['PyTorch zip, pickle', ({ entries }, random) => rezip(random.pick(entries), random, damage)],
  ['PyTorch zip, random opcodes', ({ entries }, random) => rezip(random.pick(entries), random, randomPickle)],
  [
    'PyTorch zip, numbers of the pickle',
    ({ entries }, random) => rezip(random.pick(entries), random, exchangePickleNumbers),
  ],
  [
    'PyTorch older layout, numbers of the pickle',
    ({ legacies }, random) => {
      const file = random.pick(legacies);
      const pickle = exchangePickleNumbers(file.subarray(0, 3000), random);
      return Uint8Array.from(Buffer.concat([pickle, file.subarray(3000)]));
    },
  ],
  [
    'PyTorch older layout, pickle',
    ({ legacies }, random) => damagePart(random.pick(legacies), 0, 3000, random),
  ],
  ['PyTorch older layout, bytes', ({ legacies }, random) => damage(random.pick(legacies), random)],
  ['compressed archives, bytes', ({ packed }, random) => damage(random.pick(packed), random)],
  [
    'compressed archives, directory and headers',
    ({ packed }, random) => {
      const zip = random.pick(packed);
      const begin = random.below(3) === 0 ? 0 : Math.max(0, zip.length - 600);
      return exchangeFields(zip, begin, zip.length, random);
    },
  ],
  ['NumPy archive, bytes', ({ npz }, random) => damage(npz, random)],
  ['NumPy arrays in a PyTorch zip, pickle', ({ arrays }, random) => rezip(arrays, random, damage)],
  [
    'NumPy arrays in a PyTorch zip, numbers of the pickle',
    ({ arrays }, random) => rezip(arrays, random, exchangePickleNumbers),
  ],
  ['NumPy arrays in a pickle, bytes', ({ pickledArrays }, random) => damage(pickledArrays, random)],
];

function* tensorsOf(tree: TensorTree, seen = new Set<TensorTree>()): Generator<StoredTensor> {
  if (seen.has(tree)) return;
  seen.add(tree);
  for (const node of tree.values())
    if (isTree(node)) yield* tensorsOf(node, seen);
    else yield node;
}

function checkAsked({ askedBytes, beyond, size }: CountedFile): void {
  if (beyond !== null) throw new Error(beyond);
  if (askedBytes > maxShare * Math.max(1, size))
    throw new Error(`${askedBytes} bytes were asked for, of a file of ${size}`);
}

async function readTensors(
  file: CountedFile,
  tree: TensorTree,
  random: SeededRandom,
  mostBytes: number,
): Promise<void> {
  const tensors = [...tensorsOf(tree)];
  const first = random.below(Math.max(1, tensors.length));
  const isWhole = random.below(4) === 0;
  for (const tensor of isWhole ? tensors : tensors.slice(first, first + tensorsPerFile)) {
    file.askedBytes = 0;
    const values = await tensor.read();
    checkAsked(file);
    // The smallest type has two bytes a value.
    if (values.length !== elementCount(tensor.shape) || values.length * 2 > mostBytes)
      throw new Error(`${values.length} values for [${tensor.shape.join(', ')}] in ${file.size} bytes`);
  }
}

/** @param kind the name of the damage */
async function readFile(bytes: Bytes, kind: string, random: SeededRandom): Promise<boolean> {
  const file = new CountedFile([bytes]);
  const opened = kind.startsWith('safetensors') ? await openSafetensors(file) : await openPytorch(file);
  checkAsked(file);
  // For some files, also runs everything that follows a reader (names, sizes). It may refuse the file, but must not
  // throw.
  if (random.below(8) === 0) await openCheckpoint(file, { numHeads: 3 });
  if (!opened.ok) return false;
  const mostBytes = (kind.startsWith('compressed') ? maxUnpacked : 1) * file.size;
  await readTensors(file, 'tree' in opened.value ? opened.value.tree : opened.value, random, mostBytes);
  return true;
}

function readManifest({ manifests }: Seeds, random: SeededRandom): boolean {
  const { text: manifest, weights } = random.pick(manifests);
  const text = random.below(3) === 0 ? damageText(manifest, random) : exchangeNumbers(manifest, random);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return false; // `loadModel` refuses this as well, before the parser sees it.
  }
  const parsed = parseTfjsManifest(json);
  if (!parsed.ok) return false;
  for (const group of parsed.value.groups) {
    // `loadModel` allocates the size that the shards declare, and refuses shards of another length.
    if (group.shards.reduce((sum, { byteLength }) => sum + byteLength, 0) !== weights.length) continue;
    for (const [name, values] of decodeWeights(group, weights))
      // The smallest value has one byte.
      if (values.length > weights.length) throw new Error(`${name} has ${values.length} values`);
  }
  return true;
}

/** Any archive, not only PyTorch's: its listed entries must lie within the file. */
async function readArchive(bytes: Bytes): Promise<boolean> {
  const file = new CountedFile([bytes]);
  const entries = await readZipDirectory(file);
  for (const entry of entries.values()) {
    const begin = await findEntryBytes(file, entry);
    if (begin + entry.byteLength > file.size) throw new Error(`${entry.name} ends beyond the file`);
  }
  if (file.beyond !== null) throw new Error(file.beyond);
  return entries.size > 0;
}

export async function checkpointTargets(): Promise<readonly FuzzTarget[]> {
  const seeds = await readSeeds();
  return [
    ...fileDamages.map(([name, make]): FuzzTarget => ({
      name,
      run: async (random) => readFile(await make(seeds, random), name, random),
    })),
    {
      name: 'zip archive, directory and headers',
      run: (random) => {
        const zip = random.pick(seeds.zips);
        const begin = random.below(3) === 0 ? 0 : Math.max(0, zip.length - 600);
        return readArchive(exchangeFields(zip, begin, zip.length, random));
      },
    },
    { name: 'tfjs manifest, values and text', run: (random) => readManifest(seeds, random) },
  ];
}
