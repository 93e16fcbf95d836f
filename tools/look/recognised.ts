/** What the commands that tell classes have in common: two folders of folders, an engine, features, and a table of what was predicted. */
import { join } from 'node:path';
import type { FeatureSettings } from '../../src/core/recognition.ts';
import { countConfusion } from '../../src/recognise/knn.ts';
import type { Codec } from '../../src/core/codec.ts';
import { installDawn } from '../dawn.ts';
import { findModel } from '../attend/find-model.ts';
import type { CheckpointValues } from '../checkpoint-file.ts';
import { readOptions, stopWithout } from '../read-options.ts';
import { makeFolder } from '../file-problem.ts';
import { stopWith } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { findClasses, type ClassedPhotograph, type ClassFolders } from './class-folders.ts';
import { optionsOf, readFields } from './codec-options.ts';
import { checkParts, readBackend } from './common-options.ts';
import { gatherFeatures, type Gathered } from './gather-features.ts';
import { openEngine, type ToolEngine } from './open-engine.ts';
import {
  recogniseCodec,
  recogniseOptions,
  recogniseUsage,
  settingsOf,
  type RecogniseParams,
} from './recognise-options.ts';

/** As the official k-NN script takes them. */
const usualForClasses = { feature: 'cls', framing: 'official' } as const;

/** For `readOptions`. */
const classOptions = { classes: { type: 'string' }, test: { type: 'string' } } as const;

const classUsage = `  --classes <folder> a folder of folders: each folder's name is the class of the photographs in it (and in its subfolders). Where it holds
                     one folder alone, or train, val and test, the folders in that are the classes; the page has the same rule
  --test <folder>    a folder of folders to be tested on; photographs beside its folders have no class and are only predicted`;

/** Ends the command with a sentence where there is no such back end. */
export async function openFor(
  options: CheckpointValues & { readonly model: string; readonly backend: string },
  params: RecogniseParams,
): Promise<{ readonly engine: ToolEngine; readonly settings: FeatureSettings }> {
  const backend = readBackend(options.backend);
  const load = await findModel(options.model, options);
  if (backend === 'webgpu') await installDawn();
  const engine = await openEngine(load, backend);
  checkParts(params, engine.model);
  console.log(`${engine.model.title} on ${engine.engine.backend.name} (${engine.engine.backend.device})`);
  return { engine, settings: settingsOf(params, engine.model) };
}

interface Recognised {
  /** Of both folders, in the order of the alphabet. */
  readonly classNames: readonly string[];
  readonly learned: Gathered<ClassedPhotograph>;
  /** Null where there is no folder to be tested on. */
  readonly tested: Gathered<ClassedPhotograph> | null;
  /** Those of which there is a photograph to learn from, two at least, in the order of the alphabet. */
  readonly learnedNames: readonly string[];
  /** A sentence for each photograph or folder that gave nothing. */
  readonly problems: readonly string[];
}

/** @returns each item's class by its place among the names, −1 where it has none */
export const classesIn = (
  items: readonly ClassedPhotograph[],
  classNames: readonly string[],
): Int32Array<ArrayBuffer> =>
  Int32Array.from(items, ({ className }) => (className === null ? -1 : classNames.indexOf(className)));

const namesOf = (items: readonly ClassedPhotograph[]): readonly string[] =>
  [...new Set(items.flatMap(({ className }) => (className === null ? [] : [className])))].toSorted();

/** @returns the classes. Ends the command with a sentence where there are not two: nothing could be told apart */
function twoClassesOf(items: readonly ClassedPhotograph[], folder: string): readonly string[] {
  const names = namesOf(items);
  if (names.length === 0)
    stopWith(
      `${folder} holds no folders with photographs that can be read: each is a class, and two are needed.`,
    );
  if (names.length === 1)
    stopWith(
      `${folder} holds photographs of one class alone, ${names[0]}; two are needed to tell them apart.`,
    );
  return names;
}

interface FoundFolders {
  readonly found: ClassFolders;
  readonly asked: ClassFolders | null;
}

/** Ends the command with a sentence where there is nothing to learn from: before a model is loaded, and hours of work. */
async function findFolders(classes: string, test: string | undefined): Promise<FoundFolders> {
  const found = await findClasses(classes);
  const asked = test === undefined ? null : await findClasses(test, found.level);
  twoClassesOf(found.photographs, classes);
  return { found, asked };
}

async function gatherClasses(
  engine: ToolEngine,
  settings: FeatureSettings,
  folder: string,
  { found, asked }: FoundFolders,
): Promise<Recognised> {
  const problems = [...found.problems, ...(asked?.problems ?? [])];
  for (const problem of problems) console.error(problem);
  const learned = await gatherFeatures(engine, found.photographs, settings);
  const learnedNames = twoClassesOf(learned.items, folder);
  const tested = asked === null ? null : await gatherFeatures(engine, asked.photographs, settings);
  const testedNames = namesOf(tested?.items ?? []);
  const unlearned = testedNames.filter((name) => !learnedNames.includes(name));
  if (unlearned.length > 0)
    console.log(
      `Nothing in ${folder} is of the class ${unlearned.join(', ')}: what is tested of it counts as wrong`,
    );
  return {
    classNames: [...new Set([...learnedNames, ...testedNames])].toSorted(),
    learnedNames,
    learned,
    tested,
    problems: [...problems, ...learned.problems, ...(tested?.problems ?? [])],
  };
}

/** What the commands that learn classes begin with: their words are read, the engine is opened, and all photographs are gathered. */
export interface OpenedClasses<P> extends Recognised {
  readonly params: RecogniseParams;
  /** The command's own. */
  readonly own: P;
  readonly out: string;
  readonly engine: ToolEngine;
  readonly settings: FeatureSettings;
}

/**
 * Ends the command with its usage or a sentence where a word is wrong, or nothing can be had.
 * @param args without the command's name
 * @param codec of the parameters that only this command has
 */
export async function openClasses<P>(
  args: readonly string[],
  codec: Codec<P>,
  usage: string,
): Promise<OpenedClasses<P>> {
  const codecs = [recogniseCodec(usualForClasses), codec] as const;
  const { values: options } = readOptions(
    { args: [...args], options: { ...recogniseOptions, ...classOptions, ...optionsOf(...codecs) } },
    usage,
  );
  const { classes, test, out } = options;
  if (options.help) stopWith(usage, 0);
  if (classes === undefined) stopWithout('folders of photographs, --classes <folder>', usage);
  const [params, own] = [readFields(codecs[0], options), readFields(codec, options)];
  const folders = await findFolders(classes, test);
  const { engine, settings } = await openFor(options, params);
  await makeFolder(out);
  return {
    ...(await gatherClasses(engine, settings, classes, folders)),
    params,
    own,
    out,
    engine,
    settings,
  };
}

/** @returns the usage of such a command */
export const classesUsage = (about: string, codec: { readonly fields: object }): string => `${about}

${classUsage}
${recogniseUsage({ ...codec.fields, ...recogniseCodec(usualForClasses).fields })}`;

/** @returns `"<path>": "<class>"`, null where nothing could be predicted */
export const predictionsByPath = (
  items: readonly ClassedPhotograph[],
  predictions: Int32Array,
  classNames: readonly string[],
): Record<string, string | null> =>
  Object.fromEntries(items.map(({ path }, at) => [path, classNames[predictions[at] ?? -1] ?? null]));

/** @returns a row for each true class */
export function confusionRows(
  predictions: ArrayLike<number>,
  classes: ArrayLike<number>,
  classNames: readonly string[],
): number[][] {
  const counts = countConfusion(predictions, classes, classNames.length);
  return classNames.map((_, row) => [
    ...counts.subarray(row * classNames.length, (row + 1) * classNames.length),
  ]);
}

/** @returns the end of a sentence */
export const percent = (share: number | null): string =>
  share === null ? 'none has a class to be judged by' : `${(share * 100).toFixed(2)} %`;

/** @param rows values by path, a line each, written after the others as `name` */
export async function writeFacts(
  folder: string,
  file: string,
  facts: object,
  name: string,
  rows: ReadonlyMap<string, unknown>,
): Promise<void> {
  const lines = [...rows].map(([path, row]) => `    ${JSON.stringify(path)}: ${JSON.stringify(row)}`);
  const head = JSON.stringify(facts, null, 2).replace(/\n\}$/, '');
  await writeWhole(join(folder, file), `${head},\n  "${name}": {\n${lines.join(',\n')}\n  }\n}\n`);
}
