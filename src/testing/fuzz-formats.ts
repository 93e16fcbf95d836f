/**
 * Damaged files of every format, in their thousands: each must end in tensors that fit the file, or in a typed failure,
 * and soon, and without asking for more than the file has. Node only.
 */
import { elementCount } from '../core/architecture.ts';
import { failureOf } from '../core/failure.ts';
import { openPytorch } from '../formats/pytorch.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { isTree, type StoredTensor, type TensorTree } from '../formats/tensor-file.ts';
import { decodeWeights, parseTfjsManifest } from '../formats/tfjs-manifest.ts';
import type { WeightsDtype } from '../formats/weight-encoding.ts';
import { writeTfjsModel } from '../formats/tfjs-writer.ts';
import { readZipDirectory, findEntryBytes } from '../formats/zip-directory.ts';
import { openCheckpoint } from '../models/open-checkpoint.ts';
import { openFixture } from './checkpoint-fixtures.ts';
import { exchangePickleNumbers, randomPickle } from './random-pickle.ts';
import { makeZip } from './make-zip.ts';
import { safetensorsBytes } from './make-safetensors.ts';
import { oddNumbers } from './odd-numbers.ts';
import { damage, seededRandom, type SeededRandom } from '../core/seeded-random.ts';
import { vitFixtures } from './vit-fixtures.ts';

export interface FuzzReport {
  /** By the way in which the file was damaged. */
  readonly runs: Record<string, number>;
  opened: number;
  /** When they were opened, or when a tensor was read. */
  refused: number;
  tensorsRead: number;
  /** The most bytes asked for while one file was opened or one tensor was read, in lengths of that file. */
  largestShare: number;
  slowestMs: number;
  /** What must not happen, each with the number of its run. */
  readonly faults: string[];
}

/** Of most files a few tensors are read, since reading is the slow part; of some, all. */
const tensorsPerFile = 4;
/** Beyond this a person would call it a hang. The inputs are some ten kilobytes. */
const limitMs = 2000;
/** While a file is opened: the archive's end, its directory, its pickle and headers, each of them a part of the file. */
const maxShare = 4;

/** Counts what it is asked for. That a reader asks for what is not there is noted, since it takes it for a file cut short. */
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

type Bytes = Uint8Array<ArrayBuffer>;
type NonEmpty<T> = readonly [T, ...T[]];

interface Seeds {
  readonly safetensors: Bytes;
  readonly zips: NonEmpty<Bytes>;
  readonly legacies: NonEmpty<Bytes>;
  /** Of each zip: its entries, so that one can be damaged and the archive stay whole. */
  readonly entries: NonEmpty<ZipEntries>;
  /** Models in tfjs format: model.json and the one shard that each of them has. */
  readonly manifests: NonEmpty<{ readonly text: string; readonly weights: Bytes }>;
}

type ZipEntries = readonly { readonly name: string; readonly bytes: Bytes }[];

const bytesOf = async (file: Blob): Promise<Bytes> => new Uint8Array(await file.arrayBuffer());

async function entriesOf(zip: Bytes): Promise<ZipEntries> {
  const file = new Blob([zip]);
  const entries: { name: string; bytes: Bytes }[] = [];
  for (const entry of (await readZipDirectory(file)).values()) {
    const begin = await findEntryBytes(file, entry);
    entries.push({ name: entry.name, bytes: zip.slice(begin, begin + entry.byteLength) });
  }
  return entries;
}

async function readSeeds(): Promise<Seeds> {
  const read = async (file: string): Promise<Bytes> => bytesOf(await openFixture(file));
  const zips: NonEmpty<Bytes> = [await read('odd.pth'), await read('shared.pth'), await read('full.pth')];
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
    manifests: [manifestOf('float16'), manifestOf('uint8')],
  };
}

/** Numbers are exchanged: what comes of it is still JSON and goes further than damaged text. */
const exchangeNumbers = (json: string, random: SeededRandom): string =>
  json.replaceAll(/\b\d+\b/g, (number) => (random.below(60) === 0 ? random.pick(oddNumbers) : number));

/** Damages the bytes from `begin` to `end` and leaves the rest: most of a checkpoint is values, in which nothing can go wrong. */
function damagePart(bytes: Bytes, begin: number, end: number, random: SeededRandom): Bytes {
  const part = damage(bytes.subarray(begin, end), random);
  const whole = new Uint8Array(begin + part.length + bytes.length - end);
  whole.set(bytes.subarray(0, begin));
  whole.set(part, begin);
  whole.set(bytes.subarray(end), begin + part.length);
  return whole;
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
];

function* tensorsOf(tree: TensorTree, seen = new Set<TensorTree>()): Generator<StoredTensor> {
  if (seen.has(tree)) return;
  seen.add(tree);
  for (const node of tree.values())
    if (isTree(node)) yield* tensorsOf(node, seen);
    else yield node;
}

class Fuzzer {
  readonly report: FuzzReport = {
    runs: {},
    opened: 0,
    refused: 0,
    tensorsRead: 0,
    largestShare: 0,
    slowestMs: 0,
    faults: [],
  };
  private readonly random: SeededRandom;
  private readonly seeds: Seeds;

  constructor(seeds: Seeds, seed: number) {
    this.seeds = seeds;
    this.random = seededRandom(seed);
  }

  /** Runs one damaged file through its parser. */
  async run(index: number): Promise<void> {
    const kind = this.random.below(fileDamages.length + 1);
    const [name, make] = fileDamages[kind] ?? ['tfjs manifest', null];
    this.report.runs[name] = (this.report.runs[name] ?? 0) + 1;
    const bytes = make === null ? null : await make(this.seeds, this.random);
    const file = bytes === null ? null : new CountedFile([bytes]);
    const start = performance.now();
    try {
      if (file === null) this.readManifest();
      else await this.readFile(file, name.startsWith('safetensors'));
    } catch (error) {
      if (failureOf(error) === null) this.report.faults.push(`run ${index} (${name}): ${String(error)}`);
      else this.report.refused++;
    }
    const beyond = file?.beyond ?? null;
    if (beyond !== null) this.report.faults.push(`run ${index} (${name}): ${beyond}`);
    const elapsedMs = performance.now() - start;
    this.report.slowestMs = Math.max(this.report.slowestMs, elapsedMs);
    if (elapsedMs > limitMs) this.report.faults.push(`run ${index} (${name}): ${Math.round(elapsedMs)} ms`);
  }

  private checkAsked({ askedBytes, size }: CountedFile): void {
    const share = askedBytes / Math.max(1, size);
    this.report.largestShare = Math.max(this.report.largestShare, share);
    if (share > maxShare) throw new Error(`${askedBytes} bytes were asked for, of a file of ${size}`);
  }

  private async readFile(file: CountedFile, isSafetensors: boolean): Promise<void> {
    const opened = isSafetensors ? await openSafetensors(file) : await openPytorch(file);
    this.checkAsked(file);
    // Names, sizes and all that follows a reader, for some: it may refuse, and must not break.
    if (this.random.below(8) === 0) await openCheckpoint(file, { numHeads: 3 });
    if (!opened.ok) {
      this.report.refused++;
      return;
    }
    this.report.opened++;
    const tree = 'tree' in opened.value ? opened.value.tree : opened.value;
    const tensors = [...tensorsOf(tree)];
    const first = this.random.below(Math.max(1, tensors.length));
    const isWhole = this.random.below(4) === 0;
    for (const tensor of isWhole ? tensors : tensors.slice(first, first + tensorsPerFile)) {
      file.askedBytes = 0;
      const values = await tensor.read();
      this.checkAsked(file);
      this.report.tensorsRead++;
      // The smallest type has two bytes a value.
      if (values.length !== elementCount(tensor.shape) || values.length * 2 > file.size)
        throw new Error(`${values.length} values for [${tensor.shape.join(', ')}] in ${file.size} bytes`);
    }
  }

  private readManifest(): void {
    const { text: manifest, weights } = this.random.pick(this.seeds.manifests);
    const text =
      this.random.below(3) === 0
        ? new TextDecoder().decode(damage(new TextEncoder().encode(manifest), this.random))
        : exchangeNumbers(manifest, this.random);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.report.refused++; // As `loadModel` refuses it, before the parser sees it.
      return;
    }
    const parsed = parseTfjsManifest(json);
    if (!parsed.ok) {
      this.report.refused++;
      return;
    }
    this.report.opened++;
    for (const group of parsed.value.groups) {
      // `loadModel` allocates what the shards declare, and refuses shards that are not as long.
      if (group.shards.reduce((sum, { byteLength }) => sum + byteLength, 0) !== weights.length) continue;
      for (const [name, values] of decodeWeights(group, weights)) {
        this.report.tensorsRead++;
        // A byte is the smallest value.
        if (values.length > weights.length) throw new Error(`${name} has ${values.length} values`);
      }
    }
  }
}

/** @param onRun called after each run */
export async function fuzzFormats(
  seed: number,
  runs: number,
  onRun: (report: FuzzReport) => void = () => {},
): Promise<FuzzReport> {
  const fuzzer = new Fuzzer(await readSeeds(), seed);
  for (let index = 0; index < runs; index++) {
    await fuzzer.run(index);
    onRun(fuzzer.report);
  }
  return fuzzer.report;
}
