/** The server of the checks: the built page, the harness that drives it, PyTorch's numbers; and it hears how each check ended. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { isolationHeaders, pageHeaders } from '../../tools/page-policy.ts';
import type { Report } from './page/report.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Address → folder. The service worker of the page sees what is under /app/ and nothing else. */
const folders: Readonly<Record<string, string>> = {
  '/app/': join(root, 'dist'),
  '/fixtures/': join(root, 'tools/reference/fixtures'),
};

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

/** The harness as one script. */
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

async function sendFile(pathname: string, response: ServerResponse): Promise<void> {
  const [prefix, folder] = Object.entries(folders).find(([start]) => pathname.startsWith(start)) ?? [];
  if (prefix === undefined || folder === undefined) return void response.writeHead(404).end();
  const name = normalize(decodeURIComponent(pathname.slice(prefix.length))) || '.';
  const path = join(folder, name.endsWith('/') || name === '.' ? `${name}/index.html` : name);
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile() || !path.startsWith(folder))
    return void response.writeHead(404).end();
  answer(response, types[extname(path)] ?? 'application/octet-stream', pageHeaders);
  response.setHeader('Content-Length', found.size);
  createReadStream(path).pipe(response);
}

export interface CheckServer {
  /** Of the page that runs the checks. */
  readonly address: string;
  /** From now on reports of the browser go there. */
  onReport(listener: (report: Report) => void): void;
  close(): void;
}

export async function serveChecks(): Promise<CheckServer> {
  const harness = await buildHarness();
  const page = await readFile(join(root, 'e2e/engines/page/index.html'), 'utf8');
  let listener: (report: Report) => void = () => undefined;
  let isOnline = true;

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
      case '/checks/network':
        isOnline = (await textOf(request)) === 'on';
        return void response.end();
      default:
        // As without a network: nobody answers.
        if (!isOnline && pathname.startsWith('/app/')) return void request.socket.destroy();
        return sendFile(pathname, response);
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
      isOnline = true;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
