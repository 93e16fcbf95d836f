import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Finds a Python: `PYTHON` if set, else the first one that has PyTorch, NumPy and Pillow; null where there is none. */
export async function findPython(): Promise<string | null> {
  const candidates = [process.env['PYTHON'], 'python3', 'python'];
  for (const python of candidates) {
    if (python === undefined || python === '') continue;
    const found = await run(python, ['-c', 'import torch, numpy, PIL']).then(
      () => true,
      () => false,
    );
    if (found) return python;
  }
  return null;
}
