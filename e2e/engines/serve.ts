/** The server of the checks. It serves the built page, the harness and PyTorch's numbers, and collects how each check ended. */
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { isolationHeaders, pageHeaders } from '../../tools/page-policy.ts';
import { makeNextVersion } from '../next-version.ts';
import { builtPage } from '../plain-host.ts';
import { type AppHost, usualHost } from './page/host.ts';
import type { Report } from './page/report.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The page's service worker controls only addresses under this prefix. */
const appPrefix = '/app/';
const fixturesPrefix = '/fixtures/';
const fixtures = join(root, 'tools/reference/fixtures');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** Builds the harness as one script. */
async function buildHarness(): Promise<string> {
  const built = await build({
    configFile: false,
    root: join(root, 'e2e/engines/page'),
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      target: 'es2023',
      minify: false,
      rollupOptions: { input: join(root, 'e2e/engines/page/main.ts'), output: { codeSplitting: false } },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output && 'output' in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error('the harness was not built');
  return chunk.code;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function answer(response: ServerResponse, type: string, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', 'no-cache');
}

const isWorker = (file: string): boolean => /(engine|model)-worker-[^/]*\.js$/.test(file);

/** The app's host. It keeps which version it serves, whether it answers, and which requested files it does not have. */
class AppFiles {
  host = usualHost;
  private missing: string[] = [];
  private next: Promise<string> | null = null;

  change(host: AppHost): void {
    this.host = host;
    this.missing = [];
  }

  /** The files that were requested since the last change and do not exist. */
  get notFound(): readonly string[] {
    return this.missing;
  }

  /** @param name of a file, below the app's prefix */
  async send(name: string, response: ServerResponse): Promise<void> {
    const file = name === '' ? 'index.html' : name;
    const isNext =
      this.host.version === 'next' || (this.host.version === 'page-first' && file === 'index.html');
    const folder = isNext ? await (this.next ??= makeNextVersion()) : builtPage;
    const { beforePage, beforeWorkers } = this.host;
    if (beforePage !== '' && file === 'index.html') {
      const page = await readFile(join(folder, file), 'utf8');
      answer(response, 'text/html', pageHeaders);
      // A plain script runs before all modules, since those wait until the page is parsed.
      return void response.end(page.replace('<head>', '<head><script src="/checks/before.js"></script>'));
    }
    const worker =
      beforeWorkers !== '' && isWorker(file) && (await readFile(join(folder, file), 'utf8').catch(() => ''));
    if (worker) {
      answer(response, 'text/javascript', pageHeaders);
      return void response.end(`${beforeWorkers}\n${worker}`);
    }
    if (extname(file) === '.css') await setTimeout(this.host.stylesLateMs);
    if (!(await sendFile(folder, file, response))) this.missing.push(file);
  }

  async close(): Promise<void> {
    if (this.next !== null) await rm(await this.next, { recursive: true, force: true });
  }
}

/** @returns whether the file exists */
async function sendFile(folder: string, name: string, response: ServerResponse): Promise<boolean> {
  const path = join(folder, normalize(decodeURIComponent(name)));
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile() || !path.startsWith(folder)) {
    response.writeHead(404).end();
    return false;
  }
  answer(response, types[extname(path)] ?? 'application/octet-stream', pageHeaders);
  response.setHeader('Content-Length', found.size);
  createReadStream(path).pipe(response);
  return true;
}

export interface CheckServer {
  /** The address of the page that runs the checks. */
  readonly address: string;
  /** Sends the browser's reports to `listener` from now on. */
  onReport(listener: (report: Report) => void): void;
  close(): Promise<void>;
}

export async function serveChecks(): Promise<CheckServer> {
  const harness = await buildHarness();
  const page = await readFile(join(root, 'e2e/engines/page/index.html'), 'utf8');
  let listener: (report: Report) => void = () => undefined;
  const app = new AppFiles();

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    switch (pathname) {
      case '/checks/':
        answer(response, 'text/html', isolationHeaders);
        return void response.end(page);
      case '/checks/main.js':
        answer(response, 'text/javascript', isolationHeaders);
        return void response.end(harness);
      case '/checks/report':
        listener(JSON.parse(await textOf(request)) as Report);
        return void response.end();
      case '/checks/host':
        if (request.method === 'POST') app.change(JSON.parse(await textOf(request)) as AppHost);
        answer(response, 'application/json', isolationHeaders);
        return void response.end(JSON.stringify(app.notFound));
      case '/checks/before.js':
        answer(response, 'text/javascript', isolationHeaders);
        return void response.end(app.host.beforePage);
      default:
        if (pathname.startsWith(fixturesPrefix))
          return void (await sendFile(fixtures, pathname.slice(fixturesPrefix.length), response));
        if (!pathname.startsWith(appPrefix)) return void response.writeHead(404).end();
        // No answer, as without a network.
        if (app.host.network === 'off') return void request.socket.destroy();
        return app.send(pathname.slice(appPrefix.length), response);
    }
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/checks/`,
    onReport: (next) => {
      listener = next;
      app.change(usualHost);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await app.close();
    },
  };
}
