/**
 * Set-up of unit tests whose files share a process: starting one and loading the packages anew takes a third of a second a file. Our own
 * modules are loaded anew for each file. Stubs, spies and fake timers are taken back; a file that leaves anything else fails.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { afterAll, vi } from 'vitest';

/** What is added is told by its name; lazy globals of Node become plain ones when they are first used. */
function changedGlobals(before: PropertyDescriptorMap): string[] {
  const after = Object.getOwnPropertyDescriptors(globalThis) as PropertyDescriptorMap;
  const isSame = (name: string): boolean => {
    const [old, now] = [before[name], after[name]];
    if (old === undefined || now === undefined) return false;
    if (old.get === undefined || now.get !== undefined)
      return Object.is(old.value, now.value) && old.get === now.get;
    return old.get.call(globalThis) === now.value;
  };
  return Object.keys({ ...before, ...after }).filter((name) => !isSame(name));
}

const processState = () => ({
  folder: process.cwd(),
  // sharp says there once where its library is.
  environment: { ...process.env, VIPSHOME: undefined },
  exitCode: process.exitCode,
  listeners: Object.fromEntries(
    process.eventNames().map((event) => [event, process.listenerCount(event as 'exit')]),
  ),
});

const globals = Object.getOwnPropertyDescriptors(globalThis) as PropertyDescriptorMap;
const processBefore = processState();

afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  vi.resetModules();
  // What is more than before is what this file leaves to others.
  deepStrictEqual({ globals: changedGlobals(globals), ...processState() }, { globals: [], ...processBefore });
});
