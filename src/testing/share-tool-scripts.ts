/** Vitest's global set-up: a folder in which each tool that a test runs is bundled once, for all test files. */
import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { makeScriptsFolder } from './tool-scripts.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** see `tool-scripts` */
    toolScripts: string;
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await makeScriptsFolder();
  provide('toolScripts', folder);
  return () => rm(folder, { recursive: true });
}
