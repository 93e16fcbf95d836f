/** Starts a browser on a page without a driver, so that the browser behaves as it does for users. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, webkit } from 'playwright';
import type { BrowserMode } from './checks/checks.ts';
import {
  browserArguments,
  findBrowser,
  findFirefox,
  findWebKit,
  type MiniBrowser,
} from '../../tools/find-browser.ts';

export const engineNames = ['Chromium', 'Firefox', 'WebKit', 'WebKit-threads', 'Firefox-resisting'] as const;
export type EngineName = (typeof engineNames)[number];

const modes: Readonly<Record<EngineName, BrowserMode>> = {
  Chromium: 'plain',
  Firefox: 'plain',
  WebKit: 'plain',
  'WebKit-threads': 'sharing',
  'Firefox-resisting': 'resisting',
};
export const modeOf = (engine: EngineName): BrowserMode => modes[engine];

interface RunningBrowser {
  /** Resolves when the browser has ended, with its last output. */
  readonly gone: Promise<string>;
  close(): Promise<void>;
}

/** @param folder an empty folder for everything that the browser stores */
type Launch = (address: string, folder: string) => Promise<RunningBrowser>;

/** Preferences that stop Firefox from asking questions or fetching anything at its first start. */
const firefoxPreferences: Readonly<Record<string, boolean | string | number>> = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'termsofuse.bypassNotification': true,
  'toolkit.telemetry.enabled': false,
};

/** Ends a process and all processes that it started. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const isOver = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const kill = (signal: NodeJS.Signals): void => {
    try {
      // The process leads its own group, see `start`. Windows has no such groups.
      if (process.platform === 'win32') child.kill(signal);
      else process.kill(-(child.pid ?? NaN), signal);
    } catch {
      // The process has already ended.
    }
  };
  kill('SIGTERM');
  const timer = setTimeout(() => kill('SIGKILL'), 5000);
  await isOver;
  clearTimeout(timer);
}

function start(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningBrowser {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    env: { ...process.env, ...env },
  });
  let said = '';
  const hear = (piece: Buffer): void => void (said = (said + piece.toString('utf8')).slice(-2000));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const gone = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(`it ended with code ${code}. ${said}`));
  });
  return { gone, close: () => end(child) };
}

const launchChromium =
  (executablePath: string): Launch =>
  async (address, folder) => {
    const context = await chromium.launchPersistentContext(folder, {
      executablePath,
      args: browserArguments,
    });
    const gone = new Promise<string>((resolve) => void context.on('close', () => resolve('it was closed')));
    const [page] = context.pages();
    await (page ?? (await context.newPage())).goto(address, { waitUntil: 'commit' });
    return { gone, close: () => context.close() };
  };

/** @param more preferences of this variant of Firefox */
const launchFirefox =
  (path: string, more: typeof firefoxPreferences = {}): Launch =>
  async (address, folder) => {
    const lines = Object.entries({ ...firefoxPreferences, ...more }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    writeFileSync(join(folder, 'user.js'), lines.join('\n'));
    return start(path, ['--headless', '--no-remote', '--profile', folder, address], {});
  };

/** Starts an X server that draws into memory. It chooses a free display and reports its number. */
async function startScreen(xvfb: string): Promise<{ readonly display: string; close(): Promise<void> }> {
  const child = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const display = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => reject(new Error('Xvfb ended')));
    child.stdio[3]?.once('data', (piece: Buffer) => resolve(piece.toString('utf8').trim()));
  });
  return { display: `:${display}`, close: () => end(child) };
}

const launchMiniBrowser =
  ({ miniBrowser, xvfb }: MiniBrowser, more: Readonly<Record<string, string>> = {}): Launch =>
  async (address, folder) => {
    const screen = await startScreen(xvfb);
    const kept = Object.fromEntries(
      ['XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME'].map((name) => {
        mkdirSync(join(folder, name));
        return [name, join(folder, name)];
      }),
    );
    const browser = start(miniBrowser, ['--geometry=1360x940', address], {
      ...kept,
      // A machine without a language setting. WebKit then gives pages the language "C".
      LC_ALL: 'C',
      DISPLAY: screen.display,
      GDK_BACKEND: 'x11',
      // Without a graphics card putting layers together takes more than all the checks.
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
      NO_AT_BRIDGE: '1',
      ...more,
    });
    return {
      gone: browser.gone,
      close: async () => {
        await browser.close();
        await screen.close();
      },
    };
  };

const launchPlaywrightsWebKit: Launch = async (address, folder) => {
  const context = await webkit.launchPersistentContext(folder, {});
  const gone = new Promise<string>((resolve) => void context.on('close', () => resolve('it was closed')));
  const [page] = context.pages();
  await (page ?? (await context.newPage())).goto(address, { waitUntil: 'commit' });
  return { gone, close: () => context.close() };
};

/** @returns null if this machine has no browser with the engine */
export function findLaunch(engine: EngineName): Launch | null {
  switch (engine) {
    case 'Chromium': {
      const path = findBrowser();
      return path === null ? null : launchChromium(path);
    }
    case 'Firefox': {
      const path = findFirefox();
      return path === null ? null : launchFirefox(path);
    }
    case 'Firefox-resisting': {
      const path = findFirefox();
      return path === null ? null : launchFirefox(path, { 'privacy.resistFingerprinting': true });
    }
    case 'WebKit': {
      const found = findWebKit();
      if (found === null) return null;
      return found === 'playwright' ? launchPlaywrightsWebKit : launchMiniBrowser(found);
    }
    case 'WebKit-threads': {
      const found = findWebKit();
      if (found === null || found === 'playwright') return null;
      return launchMiniBrowser(found, { JSC_useSharedArrayBuffer: '1' });
    }
  }
}
