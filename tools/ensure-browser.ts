import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findBrowser, findFirefox, findWebKit } from './find-browser.ts';

const succeeds = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;

/** Debian's packages, where we may install them: Playwright's download is refused on closed networks. */
function installFromDebian(...packages: string[]): boolean {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false;
  const install = (): boolean => succeeds('apt-get', 'install', '-y', '--no-install-recommends', ...packages);
  return install() || (succeeds('apt-get', 'update') && install());
}

const installFromPlaywright = (browser: 'chromium' | 'firefox' | 'webkit'): boolean =>
  succeeds('npx', '--no-install', 'playwright', 'install', browser);

/** Finds a browser or installs one. Without one the browser's suites fail with a message. */
export function ensureBrowser(): void {
  if (findBrowser() !== null) return;
  console.log('No Chrome or Chromium found; getting one.');
  if (installFromPlaywright('chromium') && findBrowser() !== null) return;
  if (installFromDebian('chromium', 'fonts-dejavu-core') && findBrowser() !== null) return;
  console.error('No browser could be installed: install Chrome or Chromium, or set CHROME_PATH.');
}

/**
 * Finds Firefox and WebKit or installs them, Debian's first, since those bring the libraries that they need. A
 * browser that cannot be installed is left out of the tests, with a message.
 */
export function ensureOtherEngines(): void {
  if (findFirefox() === null) {
    console.log('No Firefox found; getting one.');
    if (!installFromDebian('firefox-esr') && !installFromPlaywright('firefox'))
      console.error('No Firefox could be installed: install one, or set FIREFOX_PATH.');
  }
  if (findWebKit() === null) {
    console.log('No WebKit found; getting one.');
    if (!installFromDebian('webkit2gtk-driver', 'xvfb') && !installFromPlaywright('webkit'))
      console.error(
        'No WebKit could be installed: install webkit2gtk-driver and xvfb, or Playwright’s WebKit.',
      );
  }
}
