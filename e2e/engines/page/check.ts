import type { App } from './app.ts';

export interface Check {
  readonly name: string;
  /** Throws where something is not as it should be. The page is not open yet; what it keeps of checks before is still there. */
  run(app: App): Promise<void>;
}

export const check = (name: string, run: Check['run']): Check => ({ name, run });

/** @throws Error that names what differs */
export function equal(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} is ${got}, not ${wanted}`);
}

/** @throws Error with the sentence */
export function ensure(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}
