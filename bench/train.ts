/**
 * npm run bench -- train: counts what a training step needs from WebGPU in Node, for the page's step and for tfjs's plain ops. On a
 * software adapter the large networks are counted and not run, and the table says so.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describeProcessor, fileName, type Report } from './report.ts';

/** What bench/train-step.ts prints for a step. */
interface Step {
  readonly device: string;
  /** Absent if the step was counted and not run. */
  readonly stepMs?: number;
  readonly encodeMs: number;
  readonly dispatches: number;
  readonly buffers: number;
  readonly submits: number;
  readonly peakMB: number;
  readonly estimatedMB: number;
}

export interface TrainingRow {
  readonly network: string;
  readonly implementation: 'fast' | 'plain';
  readonly step: Step | null;
  /** The reason why there is no step. */
  readonly leftOut: string | null;
}

const titles: Readonly<Record<string, string>> = {
  tiny: 'tiny preset',
  's16-2-locals': 'ViT-S/16, batch 1, 2 × 224 + 2 × 96',
  's16-6-locals': 'ViT-S/16, batch 2, 2 × 224 + 6 × 96',
};
const path = fileURLToPath(new URL('train-step.ts', import.meta.url));

/** @returns the last step, in which nothing is compiled any more, or the reason why there is none */
function runCase(name: string, implementation: string, mode: string): Promise<Step | string> {
  const child = spawn(process.execPath, ['--import', 'tsx', path, name, implementation, mode, '3'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let complaint = '';
  child.stdout.on('data', (piece: Buffer) => (printed += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (complaint += piece.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const line = printed.split('\n').findLast((each) => each.startsWith('{'));
      resolve(
        code === 0 && line !== undefined
          ? (JSON.parse(line) as Step)
          : (complaint.trim().split('\n').at(-1) ?? 'it failed'),
      );
    });
  });
}

const isSoftware = (device: string): boolean => /swiftshader|llvmpipe|lavapipe/i.test(device);

const times = (plain: number, fast: number): string => `${(plain / fast).toFixed(1)} ×`;

/** The limits for the numbers (issue 5). The numbers depend only on sizes and code, so they are the same on every adapter. */
const bars = { mostMB: 900, leastFewerDispatches: 3 };

function barLines(rows: readonly TrainingRow[]): string[] {
  const stepOf = (name: string, implementation: string): Step | null =>
    rows.find((row) => row.network === name && row.implementation === implementation)?.step ?? null;
  const large = stepOf('s16-6-locals', 'fast');
  const lines =
    large === null
      ? []
      : [
          `- ViT-S/16, batch 2, with six local crops: ${large.peakMB} MB at most; the bar is ${bars.mostMB} MB: ${large.peakMB <= bars.mostMB ? 'held' : 'missed'}.`,
        ];
  for (const [name, title] of Object.entries(titles)) {
    const [fast, plain] = [stepOf(name, 'fast'), stepOf(name, 'plain')];
    if (fast === null || plain === null) continue;
    const isHeld = plain.dispatches >= bars.leastFewerDispatches * fast.dispatches;
    lines.push(
      `- ${title}: ${times(plain.dispatches, fast.dispatches)} fewer dispatches than tfjs's plain ops; the bar is ${bars.leastFewerDispatches} ×: ${isHeld ? 'held' : 'missed'}. ` +
        `${times(plain.buffers, fast.buffers)} fewer buffers made, ${times(plain.peakMB, fast.peakMB)} less memory.`,
    );
  }
  return lines;
}

/** Formats the rows as files for docs/bench. */
export function reportTraining(rows: readonly TrainingRow[], note: string, date: Date): Report | null {
  const device = rows.find(({ step }) => step !== null)?.step?.device;
  if (device === undefined) return null;
  const adapter = device.split(';', 1)[0] ?? device;
  const lines = rows.map(({ network, implementation, step, leftOut }) => {
    const title = titles[network] ?? network;
    if (step === null) return `| ${title} | ${implementation} | left out: ${leftOut ?? ''} | | | | | | |`;
    const { dispatches, buffers, submits, peakMB, estimatedMB, encodeMs, stepMs } = step;
    const time = stepMs === undefined ? 'counted, not run' : Math.round(stepMs);
    const cells = [dispatches, buffers, submits, peakMB, implementation === 'fast' ? estimatedMB : '–'];
    return `| ${[title, implementation, ...cells, Math.round(encodeMs), time].join(' | ')} |`;
  });
  const wasCounted = rows.some(({ step }) => step !== null && step.stepMs === undefined);
  const markdown = [
    `# A training step on ${adapter}, Dawn in Node`,
    '',
    `${date.toISOString().slice(0, 10)}. Processor: ${describeProcessor()}.${note === '' ? '' : ` ${note}`}`,
    '',
    '| case | step | dispatches | buffers made | submits | peak, MB | estimate, MB | encode, ms | step, ms |',
    '|---|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
    'The third step of each, in a process of its own: the first compiles. “fast” is the step that the page runs, “plain” the reference by tfjs’s ops and gradients. Peak: all buffers that were made and not destroyed. Estimate: what the page says before a run.',
    ...(wasCounted
      ? [
          'The adapter is a program and no graphics card. The steps of ViT-S/16 were counted and not run: everything was asked of the device with its dispatches left out, so their dispatches, buffers and bytes are those of a real step, and their times are not known.',
        ]
      : []),
    '',
    ...barLines(rows),
    `- on ${device}`,
    '',
  ].join('\n');
  return {
    name: fileName(`training ${adapter} dawn in node`),
    json: `${JSON.stringify({ date: date.toISOString(), processor: describeProcessor(), note, device, rows }, null, 2)}\n`,
    markdown,
  };
}

/** @param log called after each case */
export async function benchTraining(log: (line: string) => void): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = [];
  let device = '';
  for (const network of Object.keys(titles))
    for (const implementation of ['fast', 'plain'] as const) {
      const mode = isSoftware(device) && network !== 'tiny' ? 'count' : 'time';
      const found = await runCase(network, implementation, mode);
      const isMissing = typeof found === 'string';
      rows.push({
        network,
        implementation,
        step: isMissing ? null : found,
        leftOut: isMissing ? found : null,
      });
      if (!isMissing) ({ device } = found);
      log(
        `${titles[network]}, ${implementation}: ${isMissing ? `left out, ${found}` : JSON.stringify(found)}`,
      );
    }
  return rows;
}
