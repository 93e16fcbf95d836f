/** `npm run soak`: tests of long use. They take hours with `SOAK=1`, and less with a smaller value. Not part of `npm test`. */
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
