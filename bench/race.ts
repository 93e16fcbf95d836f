/** Compares contestants on one network after the other. */
import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Ceilings } from './contestants/ceilings.ts';
import type { ContestantChoice, PassReport } from './contestants/host.ts';
import type { Network } from './networks.ts';
import type { Seat, Venue } from './venue.ts';

export interface Row {
  readonly network: Network;
  readonly choice: ContestantChoice;
  /** Null if the contestant was left out; then `leftOut` says why. */
  readonly result: {
    readonly coldMs: number;
    /** Median over the passes after the first; null if there was none. */
    readonly warmMs: number | null;
    /** The shortest of these passes, since other jobs on the machine affect it least. */
    readonly leastMs: number | null;
    readonly passes: number;
    readonly encodeMs: number | null;
    /** Median over the warm passes. */
    readonly cpuMs: number | null;
    readonly leastCpuMs: number | null;
    readonly dispatches: number;
    readonly submits: number;
    readonly peakBytes: number;
    /** The largest difference to the first contestant's attention on this network; null for the first contestant. */
    readonly maxAbsDifference: number | null;
    readonly largestAttention: number;
  } | null;
  readonly leftOut: string | null;
}

export interface Race {
  readonly contest: RaceOptions['contest'];
  readonly venue: string;
  readonly devices: Readonly<Record<string, string>>;
  readonly ceilings: Ceilings | null;
  /** GFLOP/s of one thread's multiply-adds in WebAssembly; null if no wasm was requested. */
  readonly fmaLimit: number | null;
  readonly rows: readonly Row[];
}

export interface RaceOptions {
  readonly backends: readonly string[];
  readonly rounds: number;
  readonly patienceSeconds: number;
  readonly hasOnnxRuntime: boolean;
  /** What is compared: our engine with others, or our lenses with the heads. */
  readonly contest: 'engines' | 'lenses';
  /** Folder of another checkout of this repository, whose heads are also timed; null for none. */
  readonly against: string | null;
  log(line: string): void;
}

/** The number of cores, at most four, which is also onnxruntime-web's default. */
const manyThreads = Math.min(4, cpus().length);

/** One thread is used, since lenses are compared by ratios and not by times. */
function lensChoices(backend: 'webgpu' | 'wasm', against: string | null): ContestantChoice[] {
  const engines = ['ours', 'rows of all blocks', 'rollout'] as const;
  return [
    ...engines.map((engine): ContestantChoice => ({ engine, backend, threads: 1 })),
    ...(against === null
      ? []
      : [{ engine: 'another checkout', backend, threads: 1, checkout: against } as const]),
  ];
}

function engineChoices(backend: string, isBrowser: boolean, { weights }: Network): ContestantChoice[] {
  if (backend === 'webgpu')
    return [
      { engine: 'ours', backend: 'webgpu', threads: 1 },
      ...(weights === 'float32'
        ? [{ engine: 'ours, float16 weights', backend: 'webgpu', threads: 1 } as const]
        : []),
      { engine: 'plain ops', backend: 'webgpu', threads: 1 },
      { engine: 'onnxruntime-web', backend: 'webgpu', threads: 1 },
    ];
  const one: ContestantChoice[] = [
    { engine: 'ours', backend: 'wasm', threads: 1 },
    { engine: 'plain ops', backend: 'wasm', threads: 1 },
    { engine: 'onnxruntime-web', backend: 'wasm', threads: 1 },
  ];
  // Our engine uses no threads in Node.
  return !isBrowser || manyThreads === 1
    ? one
    : [
        ...one,
        { engine: 'ours', backend: 'wasm', threads: manyThreads },
        { engine: 'onnxruntime-web', backend: 'wasm', threads: manyThreads },
      ];
}

export const nameOf = ({ engine, backend, threads }: ContestantChoice): string =>
  backend === 'webgpu'
    ? `${engine}, WebGPU`
    : `${engine}, wasm, ${threads === 1 ? '1 thread' : `${threads} threads`}`;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

const maxAbsDifference = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length
    ? a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0)
    : NaN;

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

const shortMs = 1500;
/** Pause before each pass, so that the threads of the pass before it stop waiting for work in a busy loop. */
const restMs = 50;

interface Runner {
  readonly choice: ContestantChoice;
  readonly seat: Seat;
  readonly cold: PassReport;
  readonly warm: PassReport[];
  /** True if its process or worker ended too early. */
  isGone: boolean;
}

export async function runRace(
  venue: Venue,
  networks: readonly Network[],
  options: RaceOptions,
): Promise<Race> {
  const { log, rounds, patienceSeconds } = options;
  const isBrowser = venue.title.startsWith('Chromium');
  const devices: Record<string, string> = {};
  const rows: Row[] = [];
  /** The measured GFLOP/s of each contestant, to estimate its time on a larger network. */
  const rates = new Map<string, number>();
  let ceilings: Ceilings | null = null;
  if (options.backends.includes('webgpu')) {
    const seat = venue.newSeat();
    ceilings = await seat.ask({ kind: 'ceilings' }).catch((error: unknown) => {
      log(`WebGPU is left out: ${messageOf(error)}`);
      return null;
    });
    await seat.end();
    if (ceilings !== null)
      log(
        `at best ${ceilings.arithmeticGflops.toFixed(1)} GFLOP/s, matmul ${ceilings.matmulGflops.toFixed(1)} (${ceilings.matmulName})`,
      );
  }
  let fmaLimit: number | null = null;
  if (options.backends.includes('wasm')) {
    const seat = venue.newSeat();
    fmaLimit = await seat.ask({ kind: 'fma-limit' });
    await seat.end();
    log(`multiply-adds of one thread in WebAssembly: ${fmaLimit.toFixed(1)} GFLOP/s`);
  }
  for (const network of networks) {
    for (const backend of options.backends) {
      if (backend === 'webgpu' && ceilings === null) continue;
      const runners: Runner[] = [];
      let reference: readonly number[] | null = null;
      const firstRow = rows.length;
      const choices =
        options.contest === 'lenses'
          ? lensChoices(backend === 'webgpu' ? 'webgpu' : 'wasm', options.against)
          : engineChoices(backend, isBrowser, network);
      for (const choice of choices) {
        const name = nameOf(choice);
        const leaveOut = (why: string): void => {
          log(`${network.title}: ${name} is left out: ${why}`);
          rows.push({ network, choice, result: null, leftOut: why });
        };
        const rate = rates.get(name);
        if (choice.engine === 'onnxruntime-web' && !options.hasOnnxRuntime) {
          leaveOut('it is not installed');
          continue;
        }
        if (rate !== undefined && network.gflop / rate > patienceSeconds) {
          leaveOut(`it would take about ${Math.round(network.gflop / rate)} s a pass`);
          continue;
        }
        const seat = venue.newSeat();
        try {
          const { device } = await seat.ask({ kind: 'open', choice, network });
          devices[name] = device;
          const cold = await seat.ask({ kind: 'run', wantsMaps: true });
          const maps: readonly number[] = cold.maps ?? [];
          reference ??= maps;
          // Some lenses return other values than the heads.
          const isSame = choice.engine !== 'rollout' && choice.engine !== 'rows of all blocks';
          const difference = reference === maps || !isSame ? null : maxAbsDifference(maps, reference);
          rates.set(name, network.gflop / (cold.passMs / 1000));
          log(
            `${network.title}: ${name}: first pass ${cold.passMs.toFixed(0)} ms, from the first contestant ${difference?.toExponential(1) ?? '-'}`,
          );
          const runner: Runner = { choice, seat, cold, warm: [], isGone: false };
          runners.push(runner);
          const largestAttention = maps.reduce((most, value) => Math.max(most, value), 0);
          rows.push({
            network,
            choice,
            leftOut: null,
            result: {
              coldMs: cold.passMs,
              warmMs: null,
              leastMs: null,
              passes: 0,
              encodeMs: null,
              cpuMs: null,
              leastCpuMs: null,
              dispatches: 0,
              submits: 0,
              peakBytes: 0,
              maxAbsDifference: difference,
              largestAttention,
            },
          });
        } catch (error) {
          leaveOut(messageOf(error));
          await seat.end();
        }
      }
      const slowestMs = Math.max(0, ...runners.map(({ cold }) => cold.passMs));
      // Short passes get more rounds: they are cheap, and other jobs on the machine disturb them most.
      const count = slowestMs < shortMs ? 4 * rounds : rounds;
      for (let round = 0; round < count; round++) {
        for (const runner of runners) {
          const { choice, seat, warm, cold } = runner;
          // Slow contestants take fewer rounds, since their times vary little in relation to the total.
          if (runner.isGone || (cold.passMs > 10_000 && round >= 2)) continue;
          await setTimeout(restMs);
          try {
            warm.push(await seat.ask({ kind: 'run', wantsMaps: false }));
          } catch (error) {
            runner.isGone = true;
            log(
              `${network.title}: ${nameOf(choice)} went after ${warm.length} warm passes: ${messageOf(error)}`,
            );
          }
        }
      }
      for (const { choice, seat, warm, cold } of runners) {
        await seat.end();
        const index = rows.findIndex((row, i) => i >= firstRow && row.choice === choice);
        const row = rows[index];
        if (row?.result == null) continue;
        const last = warm.at(-1) ?? cold;
        const warmMs = warm.length === 0 ? null : median(warm.map(({ passMs }) => passMs));
        const medianOf = (values: readonly number[]): number | null =>
          values.length === 0 ? null : median(values);
        const leastOf = (values: readonly number[]): number | null =>
          values.length === 0 ? null : Math.min(...values);
        rates.set(nameOf(choice), network.gflop / ((warmMs ?? cold.passMs) / 1000));
        rows[index] = {
          ...row,
          result: {
            ...row.result,
            warmMs,
            leastMs: leastOf(warm.map(({ passMs }) => passMs)),
            passes: warm.length,
            encodeMs: medianOf(warm.flatMap(({ encodeMs }) => encodeMs ?? [])),
            cpuMs: medianOf(warm.flatMap(({ cpuMs }) => cpuMs ?? [])),
            leastCpuMs: leastOf(warm.flatMap(({ cpuMs }) => cpuMs ?? [])),
            dispatches: last.dispatches,
            submits: last.submits,
            peakBytes: last.peakBytes,
          },
        };
        log(`${network.title}: ${nameOf(choice)}: ${warmMs?.toFixed(0) ?? '-'} ms`);
      }
    }
  }
  return { contest: options.contest, venue: venue.title, devices, ceilings, fmaLimit, rows };
}
