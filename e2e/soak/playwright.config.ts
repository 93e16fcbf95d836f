/** `npm run soak`: long use. Hours where `SOAK` is 1; a share of that where it is less. Not a part of `npm test`. */
import { defineConfig } from 'playwright/test';
import base from '../playwright.config.ts';

export default defineConfig({
  ...base,
  testDir: '.',
  testMatch: '*.soak.ts',
  outputDir: '../../test-results/soak',
  timeout: 0,
  webServer: { ...(base.webServer as Exclude<typeof base.webServer, unknown[] | undefined>), cwd: '../..' },
});
