/** Tools' scripts in Vitest's tests, which removes them when a file's tests have ended; Playwright's take `tool-scripts` themselves. */
import { afterAll } from 'vitest';
import { removeToolScripts } from './tool-scripts.ts';

export { root, runTool, runToolIn, toolArguments, type ToolRun } from './tool-scripts.ts';

afterAll(removeToolScripts);
