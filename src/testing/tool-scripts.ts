import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export interface ToolRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Tool = 'attend' | 'compare' | 'convert' | 'evaluate' | 'finetune' | 'look';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const built = new Map<Tool, Promise<string>>();

/** To be called when the last of a file's tests has ended, by whatever runs them: Vitest or Playwright. */
export async function removeToolScripts(): Promise<void> {
  for (const folder of await Promise.all(built.values())) await rm(folder, { recursive: true, force: true });
  built.clear();
}

/**
 * One script instead of two hundred files, each of which tsx would have to look at: a run begins in a third of the time. What a tool finds
 * by its own address, it finds from here too: the folder is as deep as the tool's. `tools/commands.test.ts` runs them as they are.
 */
async function bundle(tool: Tool): Promise<string> {
  const folder = await mkdtemp(join(root, 'node_modules', '.tool-'));
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    build: {
      ssr: `tools/${tool}/main.ts`,
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      target: 'node20',
    },
  });
  return folder;
}

/** What Node is called with for a command of tools/, from whatever folder. */
export async function toolArguments(tool: Tool, args: readonly string[]): Promise<string[]> {
  const folder = built.get(tool) ?? bundle(tool);
  built.set(tool, folder);
  return [join(await folder, 'main.js'), ...args];
}

/** Runs a command of tools/ in a process of its own. @param cwd the folder that it is called in */
export async function runToolIn(cwd: string, tool: Tool, ...args: readonly string[]): Promise<ToolRun> {
  const words = await toolArguments(tool, args);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, words, { cwd }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(error ?? new Error('it did not start'));
    });
  });
}

/** The same from the root of the repository. */
export const runTool = (tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  runToolIn(root, tool, ...args);
