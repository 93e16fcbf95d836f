/** Where contestants run: workers of a page in Chromium, or Node processes with Dawn. */
import { fork, type ChildProcess } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer, type Plugin } from 'vite';
import { browserArguments, findBrowser } from '../tools/find-browser.ts';
import { isolationHeaders } from '../tools/page-policy.ts';
import type { HostReplies, HostRequest } from './contestants/host.ts';
import type { Ask } from './page/page.ts';
import { readCpuMs } from './read-cpu.ts';

/**
 * One contestant's place. Its thread or process and memory are allocated with the first request and freed by `end`. A process is
 * paused while it has no request.
 */
export interface Seat {
  /** @throws Error with the contestant's own message */
  ask<K extends HostRequest['kind']>(request: Extract<HostRequest, { kind: K }>): Promise<HostReplies[K]>;
  end(): Promise<void>;
}

export interface Venue {
  readonly title: string;
  /** @param checkout another checkout of this project whose training is timed; only in Node */
  newSeat(checkout?: string): Seat;
  close(): Promise<void>;
}

type Answer = { readonly ok: unknown } | { readonly error: string };

function unwrap<T>(answer: Answer): T {
  if ('error' in answer) throw new Error(answer.error);
  return answer.ok as T;
}

/** Windows has no signal to pause a process. */
const canPause = process.platform !== 'win32';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `/bench-data/` is the folder of weights; `/onnxruntime-web/` is the package as published. */
const serveFiles = (folders: Readonly<Record<string, string>>): Plugin => ({
  name: 'bench-files',
  configureServer: ({ middlewares }) => {
    for (const [path, folder] of Object.entries(folders))
      middlewares.use(path, (request, response) => {
        const file = basename(new URL(request.url ?? '', 'http://localhost').pathname);
        const types: Readonly<Record<string, string>> = {
          '.mjs': 'text/javascript',
          '.wasm': 'application/wasm',
        };
        const type = types[/\.\w+$/.exec(file)?.[0] ?? ''] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, ...isolationHeaders });
        createReadStream(join(folder, file)).pipe(response);
      });
  },
});

export async function openChromium(dataFolder: string, runtimeFolder: string): Promise<Venue> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('there is no Chrome or Chromium (CHROME_PATH names one)');
  const cacheDir = await mkdtemp(join(tmpdir(), 'dinoscope-bench-vite-'));
  const server = await createServer({
    configFile: false,
    root,
    cacheDir,
    logLevel: 'error',
    appType: 'mpa',
    worker: { format: 'es' },
    optimizeDeps: { entries: ['bench/page/*.ts'] },
    server: { port: 0, headers: isolationHeaders, fs: { strict: false }, hmr: false, watch: null },
    plugins: [serveFiles({ '/bench-data': dataFolder, '/onnxruntime-web': runtimeFolder })],
  });
  await server.listen();
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const page = await browser.newPage();
  const address = server.resolvedUrls?.local[0] ?? '';
  await page.goto(new URL('bench/page/', address).href);
  await page.waitForFunction(() => 'ask' in globalThis);
  let seats = 0;
  return {
    title: `Chromium ${browser.version()}`,
    newSeat: () => {
      const seat = seats++;
      const evaluate = (request: HostRequest | null): Promise<Answer> =>
        page.evaluate(([number, what]) => (globalThis as unknown as { ask: Ask }).ask(number, what), [
          seat,
          request,
        ] as const);
      return {
        ask: async <K extends HostRequest['kind']>(request: Extract<HostRequest, { kind: K }>) => {
          // Nothing else in the browser computes during this request.
          const start = await readCpuMs(browser);
          const reply = unwrap<HostReplies[K]>(await evaluate(request));
          // A worker cannot read its CPU time.
          return typeof reply === 'object' && 'cpuMs' in reply
            ? { ...reply, cpuMs: (await readCpuMs(browser)) - start }
            : reply;
        },
        end: async () => void (await evaluate(null)),
      };
    },
    close: async () => {
      await browser.close();
      await server.close();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
}

export function openNode(dataFolder: string, runtimeFolder: string): Venue {
  const script = fileURLToPath(new URL('node-host.ts', import.meta.url));
  const children = new Set<ChildProcess>();
  // Idle threads of a software device and busy-waiting threads of a runtime would take cores from the running contestant.
  const pause = (child: ChildProcess): void => void (canPause && child.kill('SIGSTOP'));
  const resume = (child: ChildProcess): void => void (canPause && child.kill('SIGCONT'));
  const stop = (child: ChildProcess): void => void child.kill('SIGKILL');
  // A paused process does not notice that its parent has ended.
  process.once('exit', () => children.forEach(stop));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  return {
    title: `Dawn in Node ${process.version}`,
    newSeat: (checkout = '') => {
      let child: ChildProcess | null = null;
      return {
        ask: async (request) => {
          child ??= fork(script, [dataFolder, runtimeFolder, checkout], {
            execArgv: ['--import', 'tsx'],
            serialization: 'advanced',
          });
          children.add(child);
          const asked = child;
          resume(asked);
          const answer = await new Promise<Answer>((resolve) => {
            const gone = (code: number | null): void => resolve({ error: `the process ended with ${code}` });
            asked.once('exit', gone);
            asked.once('message', (said) => {
              asked.off('exit', gone);
              resolve(said as Answer);
            });
            asked.send(request, (error) => {
              if (error !== null) resolve({ error: error.message });
            });
          });
          pause(asked);
          return unwrap(answer);
        },
        end: async () => {
          if (child === null) return;
          children.delete(child);
          stop(child);
          child = null;
        },
      };
    },
    close: async () => {
      for (const child of children) stop(child);
    },
  };
}
