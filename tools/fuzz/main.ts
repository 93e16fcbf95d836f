/**
 * npm run fuzz: damaged files, archives and texts by the hundred thousand for each parser; what is found is printed with the seed and
 * the number of the run that finds it again.
 */
import { fuzz } from '../../src/testing/fuzz/fuzz-target.ts';
import { fuzzTargets } from '../../src/testing/fuzz/fuzz-targets.ts';
import { beginCommand } from '../begin-command.ts';
import { readOptions, readSeed, readWholeNumber } from '../read-options.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';

const usage = `Usage: npm run fuzz -- [options]

  --runs <n>     damaged inputs for each parser (default: 100000)
  --seed <n>     (default: 2)
  --only <words> parsers whose names hold these words
  --run <n>      a single run by its number, with --only: a fault once more`;

beginCommand();
const { values: options } = readOptions(
  {
    options: {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
      run: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
const seed = readSeed(options.seed);
const asked = readWholeNumber('runs', options.runs, 1, Infinity);
const runs = options.run === undefined ? asked : 1;
const first = readWholeNumber('run', options.run ?? '0', 0, Infinity);

const all = await fuzzTargets();
const targets = all.filter(({ name }) => name.toLowerCase().includes(options.only.toLowerCase()));
if (targets.length === 0)
  stopWithWrong(
    `No parser's name holds '${options.only}'; there are ${all.map(({ name }) => name).join('; ')}.`,
  );
let faultCount = 0;
for (const target of targets) {
  const start = performance.now();
  const { name, taken, refused, slowestMs, faults } = await fuzz(target, seed, runs, first);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(
    `${name}: ${taken.toLocaleString('en')} taken, ${refused.toLocaleString('en')} refused, ` +
      `slowest ${Math.round(slowestMs)} ms, ${faults.length} faults in ${seconds} s`,
  );
  for (const fault of faults.slice(0, 20)) console.error(`  ${fault}`);
  faultCount += faults.length;
}
console.log(
  `${targets.length} parsers, ${runs.toLocaleString('en')} runs each, seed ${seed}: ${faultCount} faults`,
);
process.exitCode = faultCount === 0 ? 0 : 1;
