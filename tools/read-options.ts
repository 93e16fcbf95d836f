import { parseArgs, type ParseArgsConfig } from 'node:util';
import { stopWith } from './stop-with.ts';

/** `parseArgs`, which ends with a sentence and the usage instead of a stack trace where an option is wrong. */
export function readOptions<const T extends ParseArgsConfig>(
  config: T,
  usage: string,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    stopWith(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, 2);
  }
}
