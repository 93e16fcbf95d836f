import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findBrowser } from './find-browser.ts';

const succeeds = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;

/** Debian's Chromium, where we may install it: Playwright's download is refused on closed networks. */
function installFromDebian(): boolean {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false;
  const install = (): boolean =>
    succeeds('apt-get', 'install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core');
  return install() || (succeeds('apt-get', 'update') && install());
}

/** Finds a browser or gets one. Without one the browser's suites fail and say so. */
export function ensureBrowser(): void {
  if (findBrowser() !== null) return;
  console.log('No Chrome or Chromium found; getting one.');
  if (succeeds('npx', '--no-install', 'playwright', 'install', 'chromium') && findBrowser() !== null) return;
  if (installFromDebian() && findBrowser() !== null) return;
  console.error('No browser could be installed: install Chrome or Chromium, or set CHROME_PATH.');
}
