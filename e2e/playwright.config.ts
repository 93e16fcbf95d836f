import { defineConfig } from 'playwright/test';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';

const browser = findBrowser();
/** Not the port of `npm start`: a page that someone has open is left alone. */
const port = Number(process.env['E2E_PORT'] ?? 4391);

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  // Two cores: a second browser would only slow the first.
  workers: 1,
  // They end a test that is stuck; on a busy machine one that is well takes ten times its usual seconds.
  timeout: 300_000,
  expect: { timeout: 100_000 },
  forbidOnly: true,
  use: {
    baseURL: `http://localhost:${port}/`,
    viewport: { width: 1280, height: 800 },
    // Only the offline test wants the service worker: it would hide requests from the tests that damage them.
    serviceWorkers: 'block',
    actionTimeout: 60_000,
    launchOptions: {
      ...(browser === null ? {} : { executablePath: browser }),
      args: browserArguments,
      timeout: 200_000,
    },
  },
  webServer: {
    // The built page, as people get it.
    command: `npx --no-install vite preview --port ${port} --strictPort`,
    cwd: '..',
    port,
    reuseExistingServer: false,
    timeout: 200_000,
  },
});
