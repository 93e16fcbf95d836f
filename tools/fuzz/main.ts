/** npm run fuzz: damaged checkpoints by the hundred thousand; what is found is printed with the seed that finds it again. */
import { fuzzFormats } from '../../src/testing/fuzz-formats.ts';
import { readOptions } from '../read-options.ts';
import { stopWith } from '../stop-with.ts';

const usage = `Usage: npm run fuzz -- [--runs 100000] [--seed <n>]`;

const { values: options } = readOptions(
  { options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '2' } } },
  usage,
);
const runs = Number(options.runs);
const seed = Number(options.seed);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) stopWith(usage, 2);

const start = performance.now();
let done = 0;
const report = await fuzzFormats(seed, runs, ({ faults }) => {
  if (++done % 10_000 === 0) console.log(`${done.toLocaleString('en')} runs, ${faults.length} faults`);
});
for (const [name, count] of Object.entries(report.runs))
  console.log(`${count.toLocaleString('en')} × ${name}`);
const seconds = Math.round((performance.now() - start) / 1000);
console.log(
  `${report.opened.toLocaleString('en')} opened, ${report.refused.toLocaleString('en')} refused, ` +
    `${report.tensorsRead.toLocaleString('en')} tensors read in ${seconds} s; slowest ${Math.round(report.slowestMs)} ms, ` +
    `at most ${report.largestShare.toFixed(2)} × the file's size asked for`,
);
for (const fault of report.faults) console.error(fault);
console.log(`${report.faults.length} faults (seed ${seed})`);
process.exitCode = report.faults.length === 0 ? 0 : 1;
