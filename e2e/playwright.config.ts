import { defineConfig } from 'playwright/test';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';

const browser = findBrowser();
/** Differs from the port of `npm start`, so that tests do not use a running development server. */
const port = Number(process.env['E2E_PORT'] ?? 4391);

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  // With two cores, a second browser would only slow down the first.
  workers: 1,
  // These limits end a stuck test. On a busy machine a good test can take ten times its usual time.
  timeout: 600_000,
  expect: { timeout: 100_000 },
  forbidOnly: true,
  use: {
    baseURL: `http://localhost:${port}/`,
    viewport: { width: 1280, height: 800 },
    // Only the offline test uses the service worker. In other tests it would hide requests that they need to intercept.
    serviceWorkers: 'block',
    actionTimeout: 60_000,
    launchOptions: {
      ...(browser === null ? {} : { executablePath: browser }),
      args: browserArguments,
      timeout: 200_000,
    },
  },
  webServer: {
    // The built page, as it is published.
    command: `npx --no-install vite preview --port ${port} --strictPort`,
    cwd: '..',
    port,
    reuseExistingServer: false,
    timeout: 200_000,
  },
});
