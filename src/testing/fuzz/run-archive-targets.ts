/**
 * Fuzz targets for exported training runs: the archive itself, and each of its files, packed again so that the checksums
 * are right.
 */
import { FailureError, failureOf } from '../../core/failure.ts';
import { damage, type SeededRandom } from '../../core/seeded-random.ts';
import { createMemoryStorage } from '../../library/file-storage.ts';
import { filesInMemory } from '../../library/run-store.ts';
import { initialValues } from '../../train/initial-values.ts';
import { parameterSpecs } from '../../train/parameter-specs.ts';
import { fingerprintOf } from '../../train/photographs.ts';
import { writeTrainingCheckpoint } from '../../train/training-checkpoint.ts';
import { writeZip } from '../../formats/zip-writer.ts';
import { gridOf, readArchive, importArchive } from '../../worker/run-archive.ts';
import { randomPhotographs, tinyArchitecture, tinyConfiguration } from '../tiny-training.ts';
import { bytesOf, damageJson, damagePart, exchangeNumbers, type Bytes, type NonEmpty } from './damages.ts';
import type { FuzzTarget } from './fuzz-target.ts';

const context = { signal: new AbortController().signal, onProgress: (): void => undefined };

type Files = ReadonlyMap<string, Bytes>;

/** The smallest possible run: about ten kilobytes. */
async function makeRun(): Promise<Files> {
  const architecture = { ...tinyArchitecture, embedDim: 4, depth: 1, numHeads: 1, gridSize: 2 };
  const configuration = { ...tinyConfiguration, hiddenDim: 4, bottleneckDim: 4, outputDim: 4 };
  const specs = parameterSpecs(architecture, configuration);
  const student = initialValues(specs, null, 1);
  const photographs = randomPhotographs(2, 8).map((grid, i) => ({ ...grid, name: `${i}.jpg` }));
  const state = { student, teacher: student, firstMoments: null, secondMoments: null, centre: null, step: 2 };
  const run = {
    id: 'run',
    title: 'A run',
    modelTitle: 'from scratch',
    configuration,
    step: 2,
    photographs: photographs.map(({ name }) => name),
    pinned: 1,
    switches: [{ step: 1, centring: true, sharpening: false }],
    intervals: { saveEvery: 25, mapsEvery: 5 },
    startedAt: '2026-11-28T08:00:00.000Z',
    savedAt: '2026-11-28T09:00:00.000Z',
  };
  const maps = Float32Array.of(0.5, 0.25, 0.125, 0);
  const files = filesInMemory(run, photographs, {
    state: writeTrainingCheckpoint({
      architecture,
      configuration,
      state,
      photographs: fingerprintOf(photographs.map(gridOf)),
    }),
    reports: [],
    snapshots: [{ step: 2, teacher: maps, student: maps, knnAccuracy: 0.5 }],
    mapShape: [1, 2, 2],
  });
  const named = new Map<string, Bytes>();
  for (const [name, blob] of files) named.set(name, await bytesOf(blob));
  return named;
}

const pack = (files: Files): Promise<Blob> =>
  writeZip(new Map([...files].map(([name, bytes]) => [name, new Blob([bytes])])), () => undefined);

/** Damages the numbers of a safetensors header, and keeps the declared header length right. */
function damageState(bytes: Bytes, random: SeededRandom): Bytes {
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  if (random.below(3) === 0) return damagePart(bytes, 0, end, random);
  const header = new TextEncoder().encode(
    exchangeNumbers(new TextDecoder().decode(bytes.subarray(8, end)), random, 40),
  );
  const changed = new Uint8Array(8 + header.length + bytes.length - end);
  new DataView(changed.buffer).setBigUint64(0, BigInt(header.length), true);
  changed.set(header, 8);
  changed.set(bytes.subarray(end), 8 + header.length);
  return changed;
}

function damageFile(name: string, bytes: Bytes, random: SeededRandom): Bytes {
  if (name.endsWith('.safetensors')) return damageState(bytes, random);
  if (name.endsWith('.json'))
    return new TextEncoder().encode(damageJson(new TextDecoder().decode(bytes), random));
  return bytes.length === 0 ? Uint8Array.of(random.below(256)) : damage(bytes, random);
}

/** Also checks that a refused run leaves nothing behind. */
async function isAccepted(archive: Blob): Promise<boolean> {
  const folders = createMemoryStorage('refused');
  try {
    const run = await importArchive(folders, 'run', await readArchive(archive, context), context);
    return run.id === 'run';
  } catch (error) {
    if (failureOf(error) === null) throw error;
    const left = await folders.list();
    if (left.length > 0)
      throw new Error(`${left.join()} was left of a run that was refused`, { cause: error });
    throw new FailureError(failureOf(error) ?? { code: 'cancelled' });
  }
}

export async function runArchiveTargets(): Promise<readonly FuzzTarget[]> {
  const files = await makeRun();
  const whole = await bytesOf(await pack(files));
  if (!(await isAccepted(new Blob([whole])))) throw new Error('the whole run is refused');
  const [first, ...others] = files.keys();
  if (first === undefined) throw new Error('no files');
  const names: NonEmpty<string> = [first, ...others];
  return [
    { name: 'run archive, bytes', run: (random) => isAccepted(new Blob([damage(whole, random)])) },
    {
      name: 'run archive, files in it',
      run: async (random) => {
        const name = random.pick(names);
        const changed = damageFile(name, files.get(name) ?? new Uint8Array(), random);
        return isAccepted(await pack(new Map(files).set(name, changed)));
      },
    },
  ];
}
