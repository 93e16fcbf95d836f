/** Runs the project's tools in Vitest's tests, whose files share the scripts. Playwright's tests use `tool-scripts` directly. */
import { afterAll, inject } from 'vitest';
import { ToolScripts, type ToolRun } from './tool-scripts.ts';

export { root, type ToolRun } from './tool-scripts.ts';

const scripts = new ToolScripts(inject('toolScripts'));
afterAll(() => scripts.endHosts());

type Tool = Parameters<typeof scripts.scriptOf>[0];

/**
 * Runs a command of tools/ in a process that other runs of it share, see `tool-host`.
 * @param cwd the working folder of the command
 */
export const runToolIn = (cwd: string, tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  scripts.runIn(cwd, tool, args);

/** As `runToolIn`, in the root of the repository. */
export const runTool = (tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  scripts.run(tool, ...args);

/** As `runTool`, in a process of its own, as a person does: one run at least of each tool. */
export const runToolAlone = (tool: Tool, ...args: readonly string[]): Promise<ToolRun> =>
  scripts.runAlone(tool, ...args);

/** @returns the arguments for Node to run a command of tools/, independent of the current folder */
export const toolArguments = async (tool: Tool, args: readonly string[]): Promise<string[]> => [
  await scripts.scriptOf(tool),
  ...args,
];
