/** npm run finetune -- <photographs>: DINO's own loss on one's own photographs, by the same trainer as the page's. */
import { writeSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatBytes } from '../../src/core/bytes.ts';
import { describeFailure, failureOf } from '../../src/core/failure.ts';
import { describeKernelCheck } from '../../src/core/describe-kernel-check.ts';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { findProblems, findWarnings } from '../../src/core/hyper-parameters.ts';
import type { StepReport, TrainingConfiguration } from '../../src/core/training.ts';
import { openBackend } from '../../src/gpu/open-backend.ts';
import { estimateTrainingMemory } from '../../src/train/memory-estimate.ts';
import { stepMemoryHere } from '../../src/train/step-layers.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { TrainingModel } from '../../src/train/training-model.ts';
import { readTrainingConfiguration } from '../../src/train/training-checkpoint.ts';
import { checkStepKernels } from '../../src/train/training-self-check.ts';
import { installDawn } from '../dawn.ts';
import { findModel } from '../attend/find-model.ts';
import { checkpointOptions, checkpointUsage, openFile } from '../checkpoint-file.ts';
import { beginCommand } from '../begin-command.ts';
import { checkFileName, checkOutputs, makeFolder } from '../file-problem.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, readWholeNumber, stopWithout } from '../read-options.ts';
import { allowRelaxedSimd } from '../relaxed-simd.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { configurationFrom, presetUsage, readPreset } from './configuration.ts';
import { checkNew, filesOfRun, freeFiles, isTheSame } from './files-of-run.ts';
import { readPhotographs } from './read-photographs.ts';
import { countOf } from '../../src/core/count-of.ts';

const usage = `Usage: npm run finetune -- <folders or images…> [options]

Trains a student and its teacher with DINO's loss. Writes <name>.safetensors (the whole run: --resume goes on from it, and every
reader of DINO's names takes the networks in it), <name>.teacher.safetensors and <name>.student.safetensors (one backbone each,
for attend and convert) and <name>.jsonl (a line a report). Ctrl-C saves and ends. No run overwrites another that is there.
${photographUsage}

  --preset <name>    ${presetUsage}
  --model <path>     a folder in tfjs format or a checkpoint file (default: the embedded model)
  --steps <n>        the length of the run; every schedule ends there (default: the preset's)
  --set <name=value> a hyper-parameter, e.g. --set learningRate=0.001; may come many times
  --no-centring, --no-sharpening
                     to see the run collapse
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --report-every <n> steps from one report to the next (default: 1)
  --save-every <n>   steps from one saved file to the next (default: at the end)
  --out <file>       <name>.safetensors (default: finetune-out/run.safetensors, or run-2 where there is one; with --resume its file)
  --resume <file>    go on with a saved run and its settings, with the same photographs
${checkpointUsage}`;

const embeddedModel = fileURLToPath(new URL(`../../public/models/${embeddedModelId}`, import.meta.url));

beginCommand();
const { values: options, positionals: paths } = readOptions(
  {
    allowPositionals: true,
    options: {
      ...checkpointOptions,
      preset: { type: 'string', default: 'adapt-embedded' },
      model: { type: 'string' },
      steps: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      'no-centring': { type: 'boolean', default: false },
      'no-sharpening': { type: 'boolean', default: false },
      backend: { type: 'string', default: 'wasm' },
      'report-every': { type: 'string', default: '1' },
      'save-every': { type: 'string' },
      out: { type: 'string' },
      resume: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  usage,
);
if (options.help) stopWith(usage, 0);
if (paths.length === 0) stopWithout('at least one image or folder', usage);

const readCount = (option: string, text: string): number => readWholeNumber(option, text, 1, Infinity);

const { backend } = options;
if (backend !== 'wasm' && backend !== 'cpu' && backend !== 'webgpu')
  stopWithWrong(`--backend ${backend} is not wasm, cpu or webgpu.`);
const resumedRun = options.resume?.endsWith('.safetensors') ? options.resume : undefined;
const outRun = options.out ?? resumedRun;
const files = outRun === undefined ? await freeFiles() : filesOfRun(outRun);
const { run: out, log: logPath } = files;
const reportEvery = readCount('report-every', options['report-every']);
const saveEvery =
  options['save-every'] === undefined ? Infinity : readCount('save-every', options['save-every']);
const changes = {
  ...(options.steps === undefined ? {} : { steps: readCount('steps', options.steps) }),
  ...configurationFrom(options.set),
  ...(options['no-centring'] ? { centring: false } : {}),
  ...(options['no-sharpening'] ? { sharpening: false } : {}),
} satisfies Partial<TrainingConfiguration>;
const isResumed = options.resume !== undefined;
if (isResumed && Object.keys(changes).length > 0)
  stopWithWrong('A run that goes on keeps its settings: --resume takes no --steps, --set or --no-….');
const ofCheckpoint = (Object.keys(checkpointOptions) as (keyof typeof checkpointOptions)[]).find(
  (name) => options[name] !== undefined,
);
if (isResumed && (options.model ?? ofCheckpoint) !== undefined)
  stopWithWrong(`A run that goes on has its network: --resume takes no --${ofCheckpoint ?? 'model'}.`);

await checkFileName(out, '.safetensors');
if (!(await isTheSame(out, options.resume))) await checkNew(files);
if (
  !isResumed &&
  options.model === undefined &&
  readPreset(options.preset).scratch !== null &&
  ofCheckpoint !== undefined
)
  stopWithWrong(
    `--preset ${options.preset} begins with a network of its own: --${ofCheckpoint} is for checkpoint files, with --model.`,
  );
if (!isResumed && options.model === undefined && readPreset(options.preset).needsCheckpoint)
  stopWithWrong(
    `--preset ${options.preset} adapts a network that does not come with the page: give its checkpoint by --model. ` +
      'To adapt the embedded model, take --preset adapt-embedded.',
  );

/** What is wrong with the values themselves, whatever the network and the photographs are. */
const wrongValues = isResumed
  ? []
  : findProblems({ ...readPreset(options.preset).configuration, ...changes }).map(({ sentence }) => sentence);
if (wrongValues.length > 0)
  stopWithWrong(describeFailure({ code: 'training-impossible', problems: wrongValues }));

const stopping = new AbortController();
const { signal } = stopping;
const stop = (exitCode: number): void => {
  // The second signal ends it at once.
  if (signal.aborted) process.exit(exitCode);
  console.error('\nStopping after this step …');
  stopping.abort();
};
process.on('SIGINT', () => stop(130));
process.on('SIGTERM', () => stop(143));
process.on('SIGHUP', () => stop(129));

/** Of the run that goes on, or of the one that begins. */
async function cropSidePx(): Promise<number> {
  if (options.resume === undefined)
    return { ...readPreset(options.preset).configuration, ...changes }.globalCropPx;
  const saved = await readTrainingConfiguration(await openFile(options.resume));
  if (!saved.ok) stopWith(describeFailure(saved.error));
  return saved.value.globalCropPx;
}
const { photographs, problems } = await readPhotographs(paths, await cropSidePx());
for (const problem of problems) console.error(problem);
if (photographs.length === 0) stopWith('There is no photograph to learn from.');
if (backend === 'webgpu') await installDawn();
allowRelaxedSimd();
const opened = await openBackend(backend, null);
if (!opened.ok) stopWith(describeFailure(opened.error));
const { faults } = opened.value;
const kernelCheck = await checkStepKernels(faults).catch((error: unknown) => {
  const failure = failureOf(error);
  if (failure === null) throw error;
  return stopWith(describeFailure(failure));
});
const { kernels } = kernelCheck;
const slowness = describeKernelCheck(kernelCheck);
if (slowness !== null) console.error(slowness);

async function loadNetwork(path: string): Promise<TrainingModel> {
  const load = await findModel(path, options);
  const model = await load(signal, () => {});
  if (!model.ok) stopWith(describeFailure(model.error));
  return model.value;
}

async function beginRun(): Promise<Trainer> {
  const preset = readPreset(options.preset);
  const path = options.model ?? (preset.scratch === null ? embeddedModel : undefined);
  const model =
    path === undefined
      ? { architecture: preset.scratch ?? stopWith('The preset has no network.'), parameters: null }
      : await loadNetwork(path);
  const configuration = { ...preset.configuration, ...changes };
  const created = Trainer.create({ configuration, photographs, model, faults, kernels });
  if (!created.ok) stopWith(describeFailure(created.error));
  return created.value;
}

async function resumeRun(path: string): Promise<Trainer> {
  const resumed = await Trainer.resume(await openFile(path), photographs, faults, kernels);
  if (!resumed.ok) stopWith(describeFailure(resumed.error));
  if (!resumed.value.samePhotographs)
    console.error('These are not the photographs that the run began with; it goes on with these.');
  return resumed.value.trainer;
}

async function save(): Promise<void> {
  await writeWhole(out, (await trainer.saveCheckpoint()).stream());
  for (const role of ['teacher', 'student'] as const)
    await writeWhole(files[role], (await trainer.exportBackbone(role)).stream());
}

const trainer = options.resume === undefined ? await beginRun() : await resumeRun(options.resume);
const { configuration, architecture } = trainer;
await checkOutputs(Object.values(files));
await makeFolder(dirname(out));
for (const { name, sentence } of findWarnings(configuration)) console.error(`${name}: ${sentence}`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const memory = estimateTrainingMemory(architecture, configuration, stepMemoryHere(kernels));
const photographBytes = photographs.reduce((sum, { values }) => sum + values.byteLength, 0);
console.error(
  `${countOf(photographs.length, 'photograph')} (${formatBytes(photographBytes)} in main memory), ${countOf(configuration.steps, 'step')} on ` +
    `${opened.value.name} (${opened.value.device}); about ${megabytes(memory.totalBytes)} on the device, ${megabytes(memory.parameterBytes)} of it parameters`,
);
/** A run that goes on keeps the lines up to where it goes on from, also under another name. */
async function openLog(): Promise<void> {
  const { resume } = options;
  const old = resume === undefined ? '' : await readFile(filesOfRun(resume).log, 'utf8').catch(() => '');
  const isBefore = (line: string): boolean => {
    try {
      return (JSON.parse(line) as Partial<StepReport>).step! <= trainer.stepsTaken;
    } catch {
      return false; // a line that was cut off
    }
  };
  const kept = old.split('\n').filter(isBefore);
  await writeWhole(logPath, kept.map((line) => `${line}\n`).join(''));
}
await openLog();

const show = ({ step, loss, teacherEntropy, kl, learningRate, stepMs }: StepReport): void => {
  const line =
    `step ${step}/${configuration.steps}  loss ${loss.toFixed(4)}  entropy ${teacherEntropy.toFixed(4)}  ` +
    `KL ${kl.toFixed(4)}  rate ${learningRate.toExponential(2)}  ${Math.round(stepMs)} ms`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else console.error(line);
};

/** What could not be read is told by the exit code too, for whoever does not look at the sentences. */
let exitCode = problems.length > 0 ? 1 : 0;
let isSaved = false;
process.on('exit', (code) => {
  // Node ends without a message (0 or 13) when nothing is left to wait for, as when a device no longer answers.
  if (isSaved || (code !== 0 && code !== 13)) return;
  writeSync(2, `\nThe run ended before it was saved, after step ${trainer.stepsTaken}.\n`);
  process.exitCode = 1;
});
const saveWhenDue = async (step: number): Promise<void> => {
  if (step % saveEvery === 0) await save();
};
for await (const report of trainer.run({ reportEvery, signal, afterStep: saveWhenDue })) {
  if (!report.ok) {
    console.error(`\n${describeFailure(report.error)}`);
    exitCode = 1;
    break;
  }
  await appendFile(logPath, `${JSON.stringify(report.value)}\n`);
  show(report.value);
}
await save();
isSaved = true;
console.error(
  `${process.stderr.isTTY ? '\n' : ''}Saved ${out} after ${countOf(trainer.stepsTaken, 'step')}.`,
);
// Dawn keeps the process alive.
process.exit(exitCode);
