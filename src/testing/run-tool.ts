import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ToolRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a command of tools/ as a person would: in a process of its own, from the root of the repository. */
export const runTool = (
  tool: 'attend' | 'convert' | 'evaluate' | 'finetune',
  ...args: readonly string[]
): Promise<ToolRun> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', `tools/${tool}/main.ts`, ...args],
      { cwd: root },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : error.code;
        if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
        else reject(error ?? new Error('it did not start'));
      },
    );
  });
