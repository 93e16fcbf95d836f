/**
 * Runs tools' scripts in Vitest's tests, and removes the scripts after the tests of a file. Playwright's tests use
 * `tool-scripts` directly.
 */
import { afterAll } from 'vitest';
import { removeToolScripts } from './tool-scripts.ts';

export { root, runTool, runToolIn, toolArguments, type ToolRun } from './tool-scripts.ts';

afterAll(removeToolScripts);
