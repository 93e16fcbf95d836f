import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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

/** To be called by the test runner (Vitest or Playwright) after the last test of a file. */
export async function removeToolScripts(): Promise<void> {
  for (const folder of await Promise.all(built.values())) await rm(folder, { recursive: true, force: true });
  built.clear();
}

/**
 * Bundles a tool into one script. Otherwise tsx would have to process two hundred files; with the bundle a run starts in
 * a third of the time. The folder is at the same depth as the tool's, so paths relative to the tool's address still work.
 * `tools/commands.test.ts` runs the tools without bundling.
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
  // Else Node tries each script as CommonJS first, and parses it twice.
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** @returns the arguments for Node to run a command of tools/, independent of the current folder */
export async function toolArguments(tool: Tool, args: readonly string[]): Promise<string[]> {
  const folder = built.get(tool) ?? bundle(tool);
  built.set(tool, folder);
  return [join(await folder, 'main.js'), ...args];
}

/**
 * Runs a command of tools/ in a new process.
 * @param cwd the working folder of the command
 */
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

/** As `runToolIn`, in the root of the repository. */
export const runTool = (tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  runToolIn(root, tool, ...args);
