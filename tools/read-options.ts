/** The words of a command. Each of these functions ends it with a sentence where a word is wrong. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { wholeNumber } from '../src/core/codec.ts';
import { withBareSwitches } from './look/codec-options.ts';
import { stopWith, stopWithWrong } from './stop-with.ts';

/** "npm run look -- heads --help", by the usage's first line. */
const helpOf = (usage: string): string =>
  `${/^Usage: (npm run \S+ --(?: [a-z][\w-]*)?)/.exec(usage)?.[1] ?? ''} --help`;

/** Ends the command. @param problem a sentence without its full stop */
export function stopWithHelp(problem: string, usage: string): never {
  stopWith(`${problem}: ${helpOf(usage)} tells what there is.`, 2);
}

/** Ends the command, as something is missing. @param what as in "at least one image" */
export function stopWithout(what: string, usage: string): never {
  stopWithHelp(`Give ${what}`, usage);
}

/** Node's own messages have several lines, and advice for programmers. */
function describeParseError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, name = ''] = /'(?:-\w, )?(.+?)(?: <value>)?'/.exec(message) ?? [];
  if (message.startsWith('Unknown option')) return `There is no option ${name}`;
  if (message.startsWith('Unexpected argument')) return `${name} is one word too many`;
  return message.includes('does not take an argument') ? `${name} takes no value` : `${name} needs a value`;
}

/** @returns the arguments, with --threshold -0.5 as --threshold=-0.5, since Node takes every word with a dash for an option */
function withNegativeValues(args: readonly string[], { options = {} }: ParseArgsConfig): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const isValue = (at: number): boolean => {
    const name = args[at - 1] ?? '';
    return (
      at < end &&
      name.startsWith('--') &&
      options[name.slice(2)]?.type === 'string' &&
      /^-\.?\d/.test(args[at] ?? '')
    );
  };
  return args.flatMap((arg, at) => (isValue(at) ? [] : isValue(at + 1) ? [`${arg}=${args[at + 1]}`] : [arg]));
}

/** @param codecs whose switches may stand without a word: --refine for --refine on */
export function readOptions<const T extends ParseArgsConfig>(
  config: T,
  usage: string,
  ...codecs: readonly { readonly fields: object }[]
): ReturnType<typeof parseArgs<T>> {
  const args = withBareSwitches(config.args ?? process.argv.slice(2), ...codecs);
  try {
    const parsed = parseArgs<T>({ ...config, args: withNegativeValues(args, config) });
    // As from a variable of the shell that has no value.
    const words: readonly string[] = parsed.positionals;
    if (words.includes('')) stopWithHelp('One of the words is empty', usage);
    return parsed;
  } catch (error) {
    return stopWithHelp(describeParseError(error), usage);
  }
}

/** @returns a whole number from `min` to `max`, which may be Infinity */
export function readWholeNumber(option: string, text: string, min: number, max: number): number {
  const { read, form } = wholeNumber({ defaultValue: min, min, max, help: '' });
  return (
    read(text) ??
    stopWithWrong(
      `--${option} ${text} is not ${Number.isFinite(max) ? form : `a whole number from ${min} on`}.`,
    )
  );
}

/** Seeds of random numbers have 32 bits. */
export const readSeed = (text: string): number => readWholeNumber('seed', text, 0, 2 ** 32 - 1);
