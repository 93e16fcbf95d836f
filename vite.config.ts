import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { asciiScripts } from './tools/ascii-scripts-plugin.ts';
import { browserArguments, findBrowser } from './tools/find-browser.ts';
import { earlyScripts } from './tools/early-scripts-plugin.ts';
import { licences } from './tools/licences-plugin.ts';
import { isolationHeaders, pageHeaders, withoutPolicyInDevelopment } from './tools/page-policy.ts';
import { serviceWorker } from './tools/service-worker-plugin.ts';
import { fewerTfjsThreads } from './tools/tfjs-threads-plugin.ts';
import { workerEntry } from './tools/worker-entry-plugin.ts';

const browser = findBrowser();
const licencePlugins = licences();
/** Licences are a quarter of tfjs's scripts; licences.txt tells whose they are. */
const comments = false;
/** The entry's own parts lie apart from the page, or it would have to wait for them (`earlyScripts`); the page's lie in one file. */
const ofPage = {
  output: {
    comments,
    codeSplitting: {
      groups: [
        { name: 'begin', priority: 1, test: /src\/begin\.ts|vite\/preload-helper/ },
        { name: 'page', test: /src\/page\.ts/ },
      ],
    },
  },
};
/**
 * What a worker's parts share lies in one file. By itself each of tfjs's small modules would be a request of its own, and some would
 * be asked for only when others have come.
 */
const ofWorkers = {
  output: { comments, codeSplitting: { groups: [{ name: 'common', minShareCount: 2 }] } },
};

/**
 * Unit tests that need a process of their own: those with tfjs, which keeps its back ends and kernels for the whole process, and those
 * that run tools. All others share one; a file that leaves something behind there fails, and belongs here (`leave-as-found`).
 */
const apart = [
  'src/**/*.{cpu,wasm}.test.ts',
  'src/engine/{choose-backend,engine}.test.ts',
  'src/gpu/{plain-kernels,wasm-heap}.test.ts',
  'src/gpu/kernels/*.test.ts',
  'src/gpu/simd/{simd-kernels,thread-job,tune-threads}.test.ts',
  'src/lenses/{colours,objects}/compute.test.ts',
  'src/recognise/classify.test.ts',
  'src/testing/**/*.test.ts',
  'src/train/memory-estimate.test.ts',
  'src/vit/silent-zeros.test.ts',
  'src/worker/{collection-features,recognise-{gathering,questions,votes},teacher-classes,training-handlers}.test.ts',
  'tools/{commands,relaxed-simd}.test.ts',
  'tools/{attend,collapse,compare,finetune,look,pretrain}/*.test.ts',
  'tools/convert/{main,shipped-models,tfjs-reader}.test.ts',
  'tools/evaluate/reference.test.ts',
];
const inBrowser = 'src/**/*.gpu.test.ts';
const fastEquality = 'src/testing/fast-equality.ts';

export default defineConfig({
  // Relative addresses: dist/ works from any sub-path.
  base: './',
  plugins: [
    react(),
    withoutPolicyInDevelopment(),
    licencePlugins.page,
    earlyScripts(),
    asciiScripts(),
    serviceWorker(),
  ],
  server: { headers: isolationHeaders },
  preview: { headers: pageHeaders },
  worker: {
    format: 'es',
    plugins: () => [workerEntry(), licencePlugins.worker(), fewerTfjsThreads(), asciiScripts()],
    rolldownOptions: ofWorkers,
  },
  // In kB: the page and the engine lie in one file each on purpose, so Vite need not warn of their size.
  build: { target: 'es2023', rolldownOptions: ofPage, chunkSizeWarningLimit: 700 },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: apart,
          exclude: [inBrowser],
          globalSetup: ['src/testing/share-tool-scripts.ts'],
          setupFiles: [fastEquality],
          testTimeout: 200_000,
          hookTimeout: 200_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit-sharing',
          environment: 'node',
          include: ['{src,tools}/**/*.test.ts'],
          exclude: [inBrowser, ...apart],
          // One process for all files.
          isolate: false,
          setupFiles: [fastEquality, 'src/testing/leave-as-found.ts'],
          testTimeout: 200_000,
          hookTimeout: 200_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: [inBrowser],
          // One page, and one device with its compiled shaders, for all files.
          isolate: false,
          setupFiles: [fastEquality, 'src/testing/one-device.ts'],
          testTimeout: 400_000,
          hookTimeout: 200_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(browser === null ? {} : { executablePath: browser }),
                // Without code that clears memory before a shader writes it: for a software device a third of the compiling.
                // The end-to-end tests have it, and what depends on it fails here.
                args: [...browserArguments, '--enable-dawn-features=disable_workgroup_init'],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
