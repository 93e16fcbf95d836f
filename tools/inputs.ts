/** The files that this command reads, none of which it may write over: a person may have no other copy of a photograph. */
import { stat } from 'node:fs/promises';

/**
 * The same for all names of a file: links, and A and a where they are one. When it was made tells it from one that later has the number of a
 * file which was deleted. Null where there is no such file.
 */
export async function identityOf(path: string): Promise<string | null> {
  const facts = await stat(path, { bigint: true }).catch(() => null);
  return facts?.isFile() ? `${facts.dev} ${facts.ino} ${facts.birthtimeNs}` : null;
}

const inputs = new Set<string>();

/** Photographs, checkpoints and what belongs to them, before anything is written. A run that goes on is written anew, and is none. */
export async function keepInputs(paths: Iterable<string>): Promise<void> {
  for (const path of paths) {
    const identity = await identityOf(path);
    if (identity !== null) inputs.add(identity);
  }
}

export async function isInput(path: string): Promise<boolean> {
  const identity = inputs.size === 0 ? null : await identityOf(path);
  return identity !== null && inputs.has(identity);
}

/** Thrown before anything is written. */
export class InputError extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} is an input`);
    this.path = path;
  }
}
