import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface ToolRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Tool = 'attend' | 'compare' | 'convert' | 'evaluate' | 'finetune';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** What Node is called with for a command of tools/, from whatever folder. */
export const toolArguments = (tool: Tool, args: readonly string[]): string[] => [
  '--import',
  tsx,
  join(root, `tools/${tool}/main.ts`),
  ...args,
];

/** Runs a command of tools/ as a person would, in a process of its own. @param cwd the folder that it is called in */
export const runToolIn = (cwd: string, tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, toolArguments(tool, args), { cwd }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(error ?? new Error('it did not start'));
    });
  });

/** The same from the root of the repository. */
export const runTool = (tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  runToolIn(root, tool, ...args);
