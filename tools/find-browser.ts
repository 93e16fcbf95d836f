/** Browsers that are on this machine, for tests and screenshots. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, firefox, webkit } from 'playwright';

/**
 * WebGPU without a graphics card (SwiftShader), root without a sandbox, and none of the browser's own requests, which
 * fail on a machine without a network.
 */
export const browserArguments: string[] = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const programFolders = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap(
  (variable) => process.env[variable] ?? [],
);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Places {
  /** The environment variable that names one. */
  readonly variable: string;
  readonly names: readonly string[];
  readonly usual: readonly string[];
}

/** @returns the first that is there: what the variable names, one on the path, one in a usual place; null where there is none */
function findInstalled({ variable, names, usual }: Places): string | null {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const candidates = [process.env[variable] ?? '', ...onPath, ...usual];
  return candidates.find((path) => path !== '' && isExecutable(path)) ?? null;
}

const orPlaywrights = (installed: string | null, own: string): string | null =>
  installed ?? (isExecutable(own) ? own : null);

/** @returns the path of CHROME_PATH, an installed browser, or Playwright's own; null where there is none */
export function findBrowser(): string | null {
  const installed = findInstalled({
    variable: 'CHROME_PATH',
    names: ['google-chrome', 'google-chrome-stable', 'chrome', 'chromium', 'chromium-browser', 'chrome.exe'],
    usual: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      ...programFolders.map((folder) => join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
    ],
  });
  return orPlaywrights(installed, chromium.executablePath());
}

/** @returns the path of FIREFOX_PATH, an installed Firefox, or Playwright's own; null where there is none */
export function findFirefox(): string | null {
  const installed = findInstalled({
    variable: 'FIREFOX_PATH',
    names: ['firefox-esr', 'firefox', 'firefox.exe'],
    usual: [
      '/Applications/Firefox.app/Contents/MacOS/firefox',
      ...programFolders.map((folder) => join(folder, 'Mozilla Firefox', 'firefox.exe')),
    ],
  });
  return orPlaywrights(installed, firefox.executablePath());
}

/** WebKit's own small browser, and a virtual screen. */
export interface MiniBrowser {
  readonly miniBrowser: string;
  readonly xvfb: string;
}

/** Debian has it in /usr/lib/<machine>/webkit2gtk-<version>. */
function findMiniBrowser(): string | null {
  const foldersIn = (folder: string): string[] => {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch {
      return [];
    }
  };
  const found = foldersIn('/usr/lib')
    .filter((folder) => folder.includes('-linux-'))
    .flatMap(foldersIn)
    .filter((folder) => /webkit(2gtk|gtk)-\d/.test(folder))
    .map((folder) => join(folder, 'MiniBrowser'));
  return found.find(isExecutable) ?? null;
}

/** @returns what Debian has, or that there is Playwright's build; null where there is neither */
export function findWebKit(): MiniBrowser | 'playwright' | null {
  const miniBrowser = findMiniBrowser();
  const xvfb = findInstalled({ variable: 'XVFB_PATH', names: ['Xvfb'], usual: [] });
  if (miniBrowser !== null && xvfb !== null) return { miniBrowser, xvfb };
  return isExecutable(webkit.executablePath()) ? 'playwright' : null;
}
