import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { browserArguments, findBrowser } from './tools/find-browser.ts';
import { serviceWorker } from './tools/service-worker-plugin.ts';

/** Isolation lets wasm use threads; it and the policy of index.html hold in the worker too when they come as headers. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const browser = findBrowser();

export default defineConfig({
  // Relative addresses: dist/ works from any sub-path.
  base: './',
  plugins: [react(), serviceWorker()],
  server: { headers },
  preview: { headers },
  worker: { format: 'es' },
  build: { target: 'es2023' },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['{src,tools}/**/*.test.ts'],
          exclude: ['**/*.gpu.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: ['src/**/*.gpu.test.ts'],
          testTimeout: 180_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(browser === null ? {} : { executablePath: browser }),
                args: browserArguments,
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
