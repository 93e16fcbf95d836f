/** npm run collapse -- <photographs>: the paper's figure 7, measured over seeds, by the page's own experiment. */
import {
  type Condition,
  conditions,
  describeExperimentEnd,
  experimentConfiguration,
  type ExperimentEnd,
  judgeExperiment,
} from '../../src/core/collapse-experiment.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { openBackend } from '../../src/gpu/open-backend.ts';
import { runCondition } from '../../src/train/run-condition.ts';
import { readPhotographs } from '../finetune/read-photographs.ts';
import { beginCommand } from '../begin-command.ts';
import { checkOutputs, prepareFile } from '../file-problem.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, readWholeNumber, stopWithout } from '../read-options.ts';
import { allowRelaxedSimd } from '../relaxed-simd.ts';
import { stopWith } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { countOf } from '../../src/core/count-of.ts';

const usage = `Usage: npm run collapse -- <folders or images…> [options]

Trains a tiny network three times on the photographs: with centring and sharpening, without centring, without sharpening. Prints a table
(Markdown) of how each training ended, for each seed. The exit code is 1 where one did not end as the paper's did.
${photographUsage}

  --seeds <n>      seeds 0 to n − 1 (default: 1)
  --steps <n>      of each training, 40 or more (default: ${experimentConfiguration.steps})
  --out <file.md>  write the table there too`;

beginCommand();
const { values: options, positionals: paths } = readOptions(
  {
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '1' },
      steps: { type: 'string', default: String(experimentConfiguration.steps) },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
if (paths.length === 0) stopWithout('at least one image or folder', usage);

const seeds = readWholeNumber('seeds', options.seeds, 1, Infinity);
const steps = readWholeNumber('steps', options.steps, 40, Infinity);
if (options.out !== undefined) await prepareFile(options.out, '.md');
const { outputDim, globalCropPx } = experimentConfiguration;

const { photographs, problems } = await readPhotographs(paths, globalCropPx);
for (const problem of problems) console.error(problem);
if (options.out !== undefined) await checkOutputs([options.out]);
if (photographs.length === 0) stopWith('There is no photograph to learn from.');
allowRelaxedSimd();
const opened = await openBackend('wasm', null);
if (!opened.ok) stopWith(describeFailure(opened.error));
const { faults } = opened.value;

async function endOf(condition: Condition, seed: number): Promise<ExperimentEnd> {
  const reports = await runCondition(condition, photographs, faults, { seed, steps });
  if (!reports.ok) stopWith(describeFailure(reports.error));
  const end = judgeExperiment(reports.value, outputDim);
  if (end === null) throw new Error('a training has too few steps');
  console.error(`seed ${seed}, ${condition.title}: ${describeExperimentEnd(end, outputDim)}`);
  return end;
}

const expected = { both: 'neither', 'no-centring': 'one-output', 'no-sharpening': 'uniform' } as const;
const rows: string[][] = [];
let asExpected = 0;
for (let seed = 0; seed < seeds; seed++) {
  const row = [String(seed)];
  let isAsExpected = true;
  for (const condition of conditions) {
    const end = await endOf(condition, seed);
    const { entropyShare, klShare, swingShare, sinceStep } = end;
    isAsExpected &&= end.kind === expected[condition.id];
    row.push(entropyShare.toFixed(3), klShare.toFixed(3));
    row.push(condition.id === 'both' ? swingShare.toFixed(3) : (sinceStep?.toString() ?? '–'));
  }
  row.push(isAsExpected ? 'yes' : 'no');
  if (isAsExpected) asExpected += 1;
  rows.push(row);
}

const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const header = ['seed', 'both: entropy', 'KL', 'swing', 'no centring: entropy', 'KL', 'since step'].concat([
  'no sharpening: entropy',
  'KL',
  'since step',
  'as in the paper',
]);
const table = [
  `${countOf(photographs.length, 'photograph')}, ${countOf(steps, 'step')}; ${asExpected} of ${countOf(seeds, 'seed')} as in the paper.`,
  '',
  ...[header, header.map(() => '--:'), ...rows].map(lineOf),
  '',
].join('\n');
console.log(table);
if (options.out !== undefined) await writeWhole(options.out, table);
process.exit(asExpected === seeds && problems.length === 0 ? 0 : 1);
