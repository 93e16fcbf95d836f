/**
 * npm run bench -- features: what the lenses of features compute after a pass, at 900 and 3,600 patches of 384 channels (ViT-S/16 and
 * ViT-S/8 at 480 × 480), on wasm with one thread and two, and by NumPy and SciPy if a Python with them is found. They take turns.
 *
 * How long TokenCut takes depends on what is alike, and random weights make features that mean nothing. So the features are those of the
 * embedded model on a photograph, at 480 and 960 px; a random rotation into 384 channels changes no cosine and no variance.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maxAbsDifference } from '../src/core/max-abs-difference.ts';
import { succeed } from '../src/core/result.ts';
import { facetOf } from '../src/lenses/feature-choice.ts';
import { startEmbedded } from '../src/testing/embedded-look.ts';
import { nodePlatform } from '../src/testing/node-platform.ts';
import { channels, featureWorks, type FeatureWork } from './contestants/features.ts';
import { randomNumbers } from './networks.ts';
import { median } from './race.ts';
import { describeProcessor, type Report } from './report.ts';
import { openRival, type Rival } from './rival.ts';
import { openChromium, openNode, type Seat, type Venue } from './venue.ts';

const sizes = [
  { side: 30, title: 'ViT-S/16 at 480 × 480: 900 patches' },
  { side: 60, title: 'ViT-S/8 at 480 × 480: 3,600 patches' },
] as const;

/** What issue 17 asks for, ms. */
const bars: Readonly<Record<string, number>> = {
  'similarity 30': 16,
  'colours 30': 150,
  'colours 60': 150,
  'TokenCut 30': 400,
  'TokenCut 60': 4000,
};

const sample = 'dahlia';

const fileOf = (side: number): string => `features-${side}.floats`;

/** @returns orthonormal rows, shape [from, channels] */
function randomRotation(from: number): Float64Array[] {
  const random = randomNumbers(3);
  const rows: Float64Array[] = [];
  while (rows.length < from) {
    const row = Float64Array.from({ length: channels }, () => random.next().value);
    for (const before of rows) {
      const along = row.reduce((sum, value, at) => sum + value * (before[at] as number), 0);
      for (let at = 0; at < channels; at++) row[at] = (row[at] as number) - along * (before[at] as number);
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return rows;
}

/** Writes the features of the photograph for each size. */
async function writeFeatures(folder: string): Promise<void> {
  const engine = await startEmbedded();
  const model = engine.describeModel('model');
  if (model?.features === undefined) throw new Error('the embedded model recommends no features');
  const { block } = model.features;
  const facet = facetOf(model.features);
  const pixels = await nodePlatform.readSample(sample);
  const rotation = randomRotation(model.embedDim);
  for (const { side } of sizes) {
    const held = await engine.pass({
      model: 'model',
      source: { id: sample, read: () => Promise.resolve(succeed({ pixels, notices: [] })) },
      framing: { shape: 'square', sidePx: side * model.patchSizePx },
      taps: { needs: [{ of: 'tokens', block: block - 1, facet }], keeps: [] },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    if (!held.ok) throw new Error(JSON.stringify(held.error));
    const tokens = await held.value.pass.readTokens(block - 1, facet);
    held.value.release();
    const rotated = new Float32Array((1 + side * side) * channels);
    for (let token = 0; token <= side * side; token++)
      for (const [from, row] of rotation.entries()) {
        const value = tokens[token * model.embedDim + from] as number;
        for (let at = 0; at < channels; at++)
          rotated[token * channels + at] =
            (rotated[token * channels + at] as number) + value * (row[at] as number);
      }
    await writeFile(join(folder, fileOf(side)), new Uint8Array(rotated.buffer));
  }
  engine.dispose();
}

interface Timed {
  readonly ms: number;
  readonly cpuMs: number | null;
  readonly values: ArrayLike<number>;
}

interface Contestant {
  readonly name: string;
  run(work: string): Promise<Timed>;
  end(): Promise<void>;
}

async function openOwn(venue: Venue, side: number, threads: number): Promise<Contestant> {
  const seat: Seat = venue.newSeat();
  const { device } = await seat.ask({ kind: 'open-features', choice: { file: fileOf(side), side, threads } });
  return {
    // On wasm Node's WebGPU does nothing.
    name: `ours, ${venue.title.replace('Dawn in ', '')}: ${device}`,
    run: (work) => seat.ask({ kind: 'run-features', work: work as FeatureWork }),
    end: () => seat.end(),
  };
}

/** @param how of several ways, or empty */
const ofRival = (rival: Rival, path: string, how: string): Contestant => ({
  name: how === '' ? rival.name : `${rival.name}, ${how}`,
  run: async (work) => {
    const asked = how === '' ? work : `${work}, ${how}`;
    const { ms, cpuMs, values } = await rival.ask({ kind: 'run', path, work: asked });
    return { ms: Number(ms), cpuMs: Number(cpuMs), values: values as number[] };
  },
  end: () => Promise.resolve(),
});

interface Row {
  readonly size: string;
  readonly work: FeatureWork;
  readonly contestant: string;
  readonly bar: number | null;
  readonly medianMs: number;
  readonly leastMs: number;
  readonly leastCpuMs: number | null;
  /** From the rival's numbers: patches of the mask that differ, or the largest difference as a share of the largest value. */
  readonly difference: number | null;
}

/** @returns the largest difference up to sign, as a share of the largest value; of masks, how many patches differ */
function differenceOf(work: FeatureWork, own: ArrayLike<number>, other: ArrayLike<number>): number {
  const theirs = Float64Array.from(other);
  if (work === 'TokenCut') return theirs.filter((value, patch) => value !== own[patch]).length;
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const mine = Float64Array.from(own);
  const turned = theirs.map((value) => -value);
  return Math.min(maxAbsDifference(mine, theirs), maxAbsDifference(mine, turned)) / largest;
}

interface Turn {
  readonly work: FeatureWork;
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly patienceMs: number;
}

/** Contestants take turns. One that takes longer than the patience runs once. */
async function takeTurns({ work, contestants, rounds, patienceMs }: Turn): Promise<Map<Contestant, Timed[]>> {
  const times = new Map<Contestant, Timed[]>(contestants.map((each) => [each, []]));
  // The first round compiles and fills caches; it counts only where there is no other.
  for (let round = 0; round <= rounds; round++)
    for (const [contestant, runs] of times) {
      const last = runs.at(-1);
      if (last !== undefined && last.ms > patienceMs) continue;
      runs.push(await contestant.run(work));
    }
  return times;
}

function rowsOf(size: (typeof sizes)[number], work: FeatureWork, times: Map<Contestant, Timed[]>): Row[] {
  const reference = [...times].find(([{ name }]) => !name.startsWith('ours'))?.[1].at(-1)?.values;
  return [...times].map(([{ name }, runs]) => {
    const counted = runs.length > 1 ? runs.slice(1) : runs;
    const cpu = counted.flatMap(({ cpuMs }) => cpuMs ?? []);
    const values = runs.at(-1)?.values;
    return {
      size: size.title,
      work,
      contestant: name,
      bar: bars[`${work} ${size.side}`] ?? null,
      medianMs: median(counted.map(({ ms }) => ms)),
      leastMs: Math.min(...counted.map(({ ms }) => ms)),
      leastCpuMs: cpu.length === 0 ? null : Math.min(...cpu),
      difference:
        reference === undefined || values === undefined || values === reference
          ? null
          : differenceOf(work, values, reference),
    };
  });
}

interface FeaturesBench {
  readonly python: string;
  readonly rounds: number;
  readonly patienceSeconds: number;
  readonly note: string;
  readonly log: (line: string) => void;
}

async function openVenues(
  folder: string,
  log: (line: string) => void,
): Promise<(readonly [Venue, number])[]> {
  const node = openNode(folder, '');
  try {
    const chromium = await openChromium(folder, folder);
    return [
      [chromium, 1],
      [chromium, 2],
      [node, 1],
    ];
  } catch (error) {
    log(`Chromium is left out: ${error instanceof Error ? error.message : String(error)}`);
    return [[node, 1]];
  }
}

export async function benchFeatures(options: FeaturesBench): Promise<Report> {
  const { python, rounds, patienceSeconds, note, log } = options;
  const folder = await mkdtemp(join(tmpdir(), 'dinoscope-features-'));
  await writeFeatures(folder);
  const venues = await openVenues(folder, log);
  const rival = await openRival(python, 'features.py');
  const rows: Row[] = [];
  for (const size of sizes) {
    const own: Contestant[] = [];
    for (const [venue, threads] of venues) own.push(await openOwn(venue, size.side, threads));
    const path = join(folder, fileOf(size.side));
    for (const work of featureWorks) {
      const ways = work === 'TokenCut' ? ['eigsh', 'dense eigh'] : [''];
      const others = typeof rival === 'string' ? [] : ways.map((how) => ofRival(rival, path, how));
      const contestants = [...own, ...others];
      const times = await takeTurns({ work, contestants, rounds, patienceMs: 1000 * patienceSeconds });
      const made = rowsOf(size, work, times);
      rows.push(...made);
      for (const { contestant, medianMs } of made)
        log(`${size.side}² ${work}, ${contestant}: ${medianMs.toFixed(1)} ms`);
    }
    for (const contestant of own) await contestant.end();
  }
  for (const venue of new Set(venues.map(([each]) => each))) await venue.close();
  if (typeof rival !== 'string') rival.end();
  await rm(folder, { recursive: true, force: true });
  const beside =
    typeof rival === 'string' ? `NumPy and SciPy are left out: ${rival}.` : `${rival.name}, one thread.`;
  return reportOf(rows, beside, note);
}

function tableLine({ work, contestant, bar, medianMs, leastMs, leastCpuMs, difference }: Row): string {
  const digits = (ms: number): string => ms.toFixed(ms < 100 ? 1 : 0);
  const isOwn = contestant.startsWith('ours');
  const cells = [
    work,
    contestant,
    digits(medianMs),
    digits(leastMs),
    leastCpuMs === null ? '–' : digits(leastCpuMs),
    bar === null || !isOwn ? '–' : String(bar),
    difference === null ? '–' : work === 'TokenCut' ? `${difference} patches` : difference.toExponential(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

function reportOf(rows: readonly Row[], beside: string, note: string): Report {
  const date = new Date().toISOString();
  const tables = sizes.flatMap(({ title }) => [
    `## ${title}`,
    '',
    '| | | median, ms | least, ms | least processor time, ms | bar, ms | difference |',
    '|---|---|---|---|---|---|---|',
    ...rows.filter(({ size }) => size === title).map(tableLine),
    '',
  ]);
  const markdown = [
    '# Features of a pass: similarity, colours, TokenCut',
    '',
    `${date.slice(0, 10)}. Processor: ${describeProcessor()}, Node ${process.version}.${note === '' ? '' : ` ${note}`}`,
    '',
    ...tables,
    'After the pass: from the question to the numbers in JavaScript. Similarity: the cosines of a patch with all. Colours: four components of all',
    'patches. TokenCut: affinities, eigenvector, mask. The features are those of the embedded model on a photograph (how long TokenCut takes depends',
    'on them), turned at random into the 384 channels of ViT-S, which changes no cosine and no variance. Contestants take turns; processor time (in Chromium in steps of 10 ms) is',
    'less disturbed by other work. Difference: from the first row of NumPy and SciPy, as a share of the largest value, up to sign; of masks the patches',
    `that differ. ${beside}`,
    '',
  ].join('\n');
  const json = `${JSON.stringify({ date, processor: describeProcessor(), note, beside, rows }, null, 2)}\n`;
  return { name: 'features', json, markdown };
}
