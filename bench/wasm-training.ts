/**
 * npm run bench -- wasm-training: steps of the presets on the processor by our code, tfjs's plain ops, another checkout of this
 * project if one is named, and PyTorch if a Python with it is found. They take turns, one step each.
 */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { mlpHiddenDim, type VitArchitecture } from '../src/core/architecture.ts';
import { embeddedModelId } from '../src/core/embedded-model.ts';
import { presetOf, type TrainingPresetId } from '../src/core/training-presets.ts';
import type { TrainingConfiguration } from '../src/core/training.ts';
import { vitSmall16 } from '../src/testing/vit-small-16.ts';
import type { StepTime } from './contestants/host.ts';
import { median } from './race.ts';
import { describeProcessor, type Report } from './report.ts';
import { openRival, type Rival } from './rival.ts';
import type { Seat, Venue } from './venue.ts';

interface Case {
  readonly title: string;
  readonly architecture: VitArchitecture;
  readonly configuration: TrainingConfiguration;
}

async function embeddedArchitecture(): Promise<VitArchitecture> {
  const path = fileURLToPath(new URL(`../public/models/${embeddedModelId}/model.json`, import.meta.url));
  const model = JSON.parse(await readFile(path, 'utf8')) as {
    readonly userDefinedMetadata: { readonly dinoscope: { readonly architecture: VitArchitecture } };
  };
  return model.userDefinedMetadata.dinoscope.architecture;
}

async function caseOf(id: TrainingPresetId): Promise<Case> {
  const { title, scratch, configuration } = presetOf(id);
  const { batchSize, globalCropPx, localCrops, localCropPx } = configuration;
  const crops = `batch ${batchSize}, 2 × ${globalCropPx} + ${localCrops} × ${localCropPx} px`;
  const architecture = scratch ?? (id === 'adapt-vit-s16' ? vitSmall16 : await embeddedArchitecture());
  // The PyTorch step has no drop path, so all run without it.
  return { title: `${title}: ${crops}`, architecture, configuration: { ...configuration, dropPath: 0 } };
}

/** GFLOP of a step: the matrix products of all tokens in all blocks, of teacher and student. */
function stepGflop({ architecture, configuration }: Case): number {
  const { embedDim, depth, patchSize } = architecture;
  const { batchSize, globalCropPx, localCropPx, localCrops } = configuration;
  const passGflop = (sequences: number, sidePx: number): number => {
    const tokens = 1 + (sidePx / patchSize) ** 2;
    const linear = 2 * embedDim * (4 * embedDim + 2 * mlpHiddenDim(architecture));
    return (sequences * tokens * depth * (linear + 4 * tokens * embedDim)) / 1e9;
  };
  const globals = passGflop(2 * batchSize, globalCropPx);
  // The teacher's forward pass, and the student's forward and backward passes; backward is twice the work of forward.
  return globals + 3 * (globals + passGflop(localCrops * batchSize, localCropPx));
}

interface Contestant {
  readonly name: string;
  step(): Promise<StepTime>;
  end(): Promise<void>;
}

interface Row {
  readonly case: string;
  readonly name: string;
  /** Null if the contestant was left out; then `leftOut` says why. */
  readonly times: { readonly ms: readonly number[]; readonly cpuMs: readonly (number | null)[] } | null;
  readonly leftOut: string | null;
}

async function openSeat(
  seat: Seat,
  name: string,
  { architecture, configuration }: Case,
  kernels: 'ours' | 'plain',
  threads: number,
): Promise<Contestant> {
  const choice = { architecture, configuration, kernels };
  const { device } = await seat.ask({ kind: 'open-training', choice, threads });
  return { name: `${name}: ${device}`, step: () => seat.ask({ kind: 'step' }), end: () => seat.end() };
}

/** Takes the faster of two ways in each step. */
async function openPytorch(rival: Rival, { title, architecture, configuration }: Case): Promise<Contestant> {
  await rival.ask({ kind: 'prepare', name: title, threads: 1, architecture, configuration });
  return {
    name: `${rival.name}, 1 thread, crops not counted`,
    step: async () => {
      const ways = Object.values(await rival.ask({ kind: 'step', name: title })) as StepTime[];
      return {
        ms: Math.min(...ways.map(({ ms }) => ms)),
        cpuMs: Math.min(...ways.map(({ cpuMs }) => cpuMs ?? Infinity)),
      };
    },
    end: () => Promise.resolve(),
  };
}

export interface WasmTrainingOptions {
  readonly presets: readonly TrainingPresetId[];
  readonly node: Venue;
  /** Null if there is no browser. */
  readonly chromium: Venue | null;
  /** A command that starts Python. */
  readonly python: string;
  /** Folder of another checkout of this project, or ''. */
  readonly against: string;
  readonly rounds: number;
  readonly note: string;
  log(line: string): void;
}

const manyThreads = Math.min(4, cpus().length);

export async function benchWasmTraining(options: WasmTrainingOptions): Promise<Report> {
  const { presets, node, chromium, python, against, rounds, log } = options;
  const limitSeat = node.newSeat();
  const limit = await limitSeat.ask({ kind: 'fma-limit' });
  await limitSeat.end();
  const rival = await openRival(python, 'training.py');
  const rows: Row[] = [];
  const cases: Case[] = [];
  for (const id of presets) {
    const each = await caseOf(id);
    cases.push(each);
    const opening: (readonly [string, () => Promise<Contestant>])[] = [
      ['ours', () => openSeat(node.newSeat(), 'ours, Node', each, 'ours', 1)],
      ...(against === ''
        ? []
        : [
            [
              'the other checkout',
              () => openSeat(node.newSeat(against), 'the other checkout, Node', each, 'ours', 1),
            ] as const,
          ]),
      ['plain ops', () => openSeat(node.newSeat(), 'plain ops, Node', each, 'plain', 1)],
      ...(chromium === null
        ? []
        : [1, manyThreads].map(
            (threads) =>
              [
                `ours in Chromium, ${threads} threads`,
                () => openSeat(chromium.newSeat(), 'ours, Chromium', each, 'ours', threads),
              ] as const,
          )),
      ...(typeof rival === 'string' ? [] : [['PyTorch', () => openPytorch(rival, each)] as const]),
    ];
    const contestants: Contestant[] = [];
    for (const [name, open] of opening) {
      try {
        const contestant = await open();
        // The first step also compiles.
        await contestant.step();
        contestants.push(contestant);
      } catch (error) {
        const leftOut = error instanceof Error ? error.message : String(error);
        rows.push({ case: each.title, name, times: null, leftOut });
        log(`${each.title}: ${name} is left out: ${leftOut}`);
      }
    }
    const times = contestants.map(() => ({ ms: [] as number[], cpuMs: [] as (number | null)[] }));
    const count = stepGflop(each) > 50 ? rounds : 4 * rounds;
    for (let round = 0; round < count; round++)
      for (const [i, contestant] of contestants.entries()) {
        const { ms, cpuMs } = await contestant.step();
        times[i]?.ms.push(ms);
        times[i]?.cpuMs.push(cpuMs);
      }
    for (const [i, contestant] of contestants.entries()) {
      await contestant.end();
      const own = times[i] ?? { ms: [], cpuMs: [] };
      rows.push({ case: each.title, name: contestant.name, times: own, leftOut: null });
      log(`${each.title}: ${contestant.name}: ${median(own.ms).toFixed(0)} ms`);
    }
  }
  if (typeof rival !== 'string') rival.end();
  const left = typeof rival === 'string' ? `PyTorch is left out: ${rival}. ` : '';
  return reportOf(cases, rows, limit, `${left}${options.note}`);
}

function reportOf(cases: readonly Case[], rows: readonly Row[], limit: number, note: string): Report {
  const date = new Date().toISOString();
  const bothOf = (values: readonly number[]): string =>
    values.length === 0 ? '–' : `${median(values).toFixed(0)} / ${Math.min(...values).toFixed(0)}`;
  const numbers = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const tableOf = (each: Case): string[] => {
    const own = rows.filter((row) => row.case === each.title);
    const rival = own.find(({ name }) => name.startsWith('PyTorch'))?.times ?? null;
    const rivalCpu = rival === null ? null : Math.min(...numbers(rival.cpuMs));
    const lines = own.map(({ name, times, leftOut }) => {
      if (times === null) return `| ${name} | left out: ${leftOut ?? ''} | | |`;
      const cpu = numbers(times.cpuMs);
      const ratio =
        rivalCpu === null || cpu.length === 0 ? '–' : `× ${(Math.min(...cpu) / rivalCpu).toFixed(2)}`;
      return `| ${name} | ${bothOf(times.ms)} | ${bothOf(cpu)} | ${ratio} |`;
    });
    const gflop = stepGflop(each);
    return [
      `## ${each.title}`,
      '',
      `${gflop.toFixed(1)} GFLOP of products; at the limit of one core they take ${((1000 * gflop) / limit).toFixed(0)} ms.`,
      '',
      '| | a step, ms: median / fastest | processor time, ms: median / fastest | fastest processor time, of PyTorch’s |',
      '|---|---|---|---|',
      ...lines,
      '',
    ];
  };
  const markdown = [
    '# Training on the processor',
    '',
    `${date.slice(0, 10)}. Processor: ${describeProcessor()}, Node ${process.version}. ${note}`,
    '',
    `Multiply-adds of 128 bits in registers reach ${limit.toFixed(1)} GFLOP/s a core: the limit of WebAssembly here. PyTorch takes wider vectors where the processor has them.`,
    '',
    ...cases.flatMap(tableOf),
    'One step of each in turn. Ours with crops and update; “plain ops” is the same step by tfjs’s own ops. PyTorch: the faster of its fused attention and one written out, each time, with the fused AdamW, in float32. Processor time is what the process used of all cores; other jobs disturb it less than the clock. Ours leaves out what nothing reads (the last block’s other tokens), so it can be faster than the limit suggests.',
    '',
  ].join('\n');
  const json = `${JSON.stringify({ date, processor: describeProcessor(), note, limit, rows }, null, 2)}\n`;
  return { name: 'training-on-the-processor', json, markdown };
}
