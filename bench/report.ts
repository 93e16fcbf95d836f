/** Writes a race as a table for people and as JSON for programs. */
import { cpus } from 'node:os';
import { nameOf, type Race, type Row } from './race.ts';

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const orDash = (value: number | null, text: (value: number) => string): string =>
  value === null ? '–' : text(value);

function tableRow(row: Row, race: Race): string {
  const { network, choice, result, leftOut } = row;
  if (result === null) return `| ${nameOf(choice)} | left out: ${leftOut ?? ''} | | | | | | | | |`;
  const {
    coldMs,
    warmMs,
    leastMs,
    encodeMs,
    cpuMs,
    leastCpuMs,
    dispatches,
    submits,
    peakBytes,
    maxAbsDifference,
  } = result;
  const ours = race.rows.find(
    ({ network: other, choice: { engine, backend, threads }, result: own }) =>
      other === network &&
      engine === 'ours' &&
      backend === choice.backend &&
      threads === choice.threads &&
      own !== null,
  )?.result;
  const ofOurs = (mine: number | null, theirs: number | null | undefined): string =>
    choice.engine === 'ours' || mine === null || theirs == null ? '' : ` (× ${(mine / theirs).toFixed(2)})`;
  const onGpu = choice.backend === 'webgpu';
  // The processor's rate uses the least time, since the median includes other work of the machine.
  const busyMs = leastCpuMs === null ? leastMs : leastCpuMs / choice.threads;
  const rate = network.gflop / (((onGpu ? warmMs : busyMs) ?? coldMs) / 1000);
  const limit = race.fmaLimit === null ? null : race.fmaLimit * choice.threads;
  const ceiling = onGpu ? (race.ceilings?.matmulGflops ?? null) : limit;
  return `| ${[
    nameOf(choice),
    number(coldMs),
    orDash(warmMs, number) + ofOurs(warmMs, ours?.warmMs),
    orDash(leastMs, number) + ofOurs(leastMs, ours?.leastMs),
    orDash(cpuMs, number) + ofOurs(cpuMs, ours?.cpuMs),
    number(rate, 1) + orDash(ceiling, (best) => ` (${Math.round((100 * rate) / best)} %)`).replace('–', ''),
    onGpu ? `${dispatches} / ${submits}` : '–',
    orDash(encodeMs, (value) => number(value, 1)),
    onGpu ? number(peakBytes / 2 ** 20) : '–',
    orDash(maxAbsDifference, (value) => value.toExponential(1)),
  ].join(' | ')} |`;
}

/** A file name from the adapter's description. */
export const fileName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

export const describeProcessor = (): string =>
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores`;

/** Files for docs/bench, with their common name without an extension. */
export interface Report {
  readonly name: string;
  readonly json: string;
  readonly markdown: string;
}

/** Reports are committed, so they do not name folders of the machine. */
const withoutFolder = ({ choice: { engine, backend, threads }, ...row }: Row): object => ({
  ...row,
  choice: { engine, backend, threads },
});

export function writeReport(race: Race, note: string): Report {
  const { ceilings, devices, fmaLimit, rows, venue } = race;
  const adapter = (devices['ours, WebGPU'] ?? 'processor only').split(';', 1)[0] ?? '';
  const processor = describeProcessor();
  const networks = [...new Set(rows.map(({ network }) => network))];
  const lines = [
    `# ${adapter}, ${venue}`,
    '',
    `${new Date().toISOString().slice(0, 10)}. Processor: ${processor}.${note === '' ? '' : ` ${note}`}`,
    '',
    ...(ceilings === null
      ? []
      : [
          `The adapter at its best: ${number(ceilings.arithmeticGflops, 1)} GFLOP/s of arithmetic in registers; ${number(ceilings.matmulGflops, 1)} GFLOP/s of matrix product (${ceilings.matmulName}).`,
          '',
        ]),
    ...(fmaLimit === null
      ? []
      : [
          `One thread of WebAssembly at its best: ${number(fmaLimit, 1)} GFLOP/s of multiply-adds in registers.`,
          '',
        ]),
    ...networks.flatMap((network) => [
      `## ${network.title}: ${network.tokens} tokens, ${number(network.gflop, 1)} GFLOP`,
      '',
      '| | first pass, ms | warm, ms (of ours) | least, ms (of ours) | processor time, ms (of ours) | GFLOP/s (of what is possible) | dispatches / submits | encode, ms | GPU memory at most, MiB | max abs difference |',
      '|---|---|---|---|---|---|---|---|---|---|',
      ...rows.filter((row) => row.network === network).map((row) => tableRow(row, race)),
      '',
    ]),
    'Warm: the median of interleaved passes, least the shortest of them, from the input in JavaScript to the attention in JavaScript. Processor time: what the process, or all of a browser’s, used of all cores; other jobs disturb it less than the clock. Difference: from the first row’s attention. What is possible: on WebGPU the best matrix product of some shapes (a network’s own may be faster, so a share can pass 100 %), by the median; on wasm multiply-adds of 128 bits in registers, by the least processor time.',
    ...Object.entries(devices).map(([name, device]) => `- ${name}: ${device}`),
    '',
  ];
  return {
    name: fileName(
      `${race.contest === 'lenses' ? 'lenses ' : ''}${adapter} ${venue.replace(/ v?[\d.]+$/, '')}`,
    ),
    json: `${JSON.stringify({ date: new Date().toISOString(), processor, note, ...race, rows: rows.map(withoutFolder) }, null, 2)}\n`,
    markdown: lines.join('\n'),
  };
}
