import type { App } from './app.ts';

export interface Check {
  readonly name: string;
  /** Runs with the page not yet open; what earlier checks stored is still there. @throws Error if something is wrong */
  run(app: App): Promise<void>;
}

export const check = (name: string, run: Check['run']): Check => ({ name, run });

/** @throws Error that names the difference */
export function equal(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} is ${got}, not ${wanted}`);
}

/** @throws Error with the sentence as its message */
export function ensure(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}
