/** Runs another implementation in Python if one is installed. Its process answers each line of JSON with another line. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Rival {
  /** Its own name with its version. */
  readonly name: string;
  ask(request: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  end(): void;
}

/**
 * @param python a command @param script in bench/rivals; answers `{ kind: 'open' }` with its name
 * @returns the rival, or the reason why it does not start: Python or a package that it needs is missing
 */
export async function openRival(python: string, script: string): Promise<Rival | string> {
  const path = fileURLToPath(new URL(`rivals/${script}`, import.meta.url));
  const child = spawn(python, [path], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // One thread, also for PyTorch's matrix products.
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  let complaint = '';
  child.stderr.on('data', (piece: Buffer) => (complaint += piece.toString()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failure = new Promise<string>((resolve) => {
    child.on('error', ({ message }) => resolve(message));
    child.on('close', () => resolve(complaint.trim().split('\n').at(-1) ?? 'it ended'));
  });
  child.stdin.on('error', () => {}); // reported by `close`
  const ask = async (request: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await lines.next();
    if (answer.done === true) throw new Error(await failure);
    return JSON.parse(answer.value) as Record<string, unknown>;
  };
  try {
    const { name } = await ask({ kind: 'open' });
    return { name: String(name), ask, end: () => void child.kill() };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
