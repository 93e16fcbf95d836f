/** A plain static host: files from a folder, without headers of ours. It can also fail or change as real hosts do. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const builtPage = fileURLToPath(new URL('../dist', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Sends a shard in pieces with a pause after each, like a slow network. */
async function sendSlowly(path: string, response: ServerResponse): Promise<void> {
  for await (const piece of createReadStream(path, { highWaterMark: 250_000 })) {
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  response.end();
}

export interface PlainHost {
  readonly address: string;
  /** Serves another version of the page from now on. */
  deploy(folder: string): void;
  /** Serves another text for the file from now on. */
  replace(file: string, text: string): void;
  /** Answers as if these files did not exist from now on. */
  remove(files: RegExp): void;
  /** How many requests for these files came. */
  requests(files: RegExp, method?: 'GET' | 'HEAD'): number;
  /** The files that were requested and do not exist. */
  readonly missing: readonly string[];
  /** Accepts requests from now on but does not answer. */
  stopAnswering(): void;
  close(): void;
}

/** @param prefix the page's folder on the host, as in `/talks/2026/` */
export async function servePlainly(prefix: string): Promise<PlainHost> {
  let folder = builtPage;
  let isSilent = false;
  const replaced = new Map<string, string>();
  const removed: RegExp[] = [];
  const asked: { readonly method: string; readonly file: string }[] = [];
  const missing: string[] = [];
  const server = createServer((request, response) => {
    if (isSilent) return; // the connection stays open without an answer
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const file = pathname.slice(prefix.length).replace(/\/$/, '/index.html') || 'index.html';
    const { method = 'GET' } = request;
    asked.push({ method, file });
    const give = (type: string, byteLength: number): void => {
      response.setHeader('Content-Type', type);
      response.setHeader('Content-Length', byteLength);
    };
    const refuse = (): void => {
      missing.push(file);
      response.writeHead(404).end();
    };
    const text = replaced.get(file);
    if (text !== undefined) {
      give(types[extname(file)] ?? 'text/plain', Buffer.byteLength(text));
      response.end(method === 'HEAD' ? undefined : text);
      return;
    }
    if (removed.some((files) => files.test(file))) return refuse();
    const path = join(folder, file);
    void stat(path).then(async ({ size }) => {
      give(types[extname(path)] ?? 'application/octet-stream', size);
      if (method === 'HEAD') response.end();
      else if (path.endsWith('.bin')) await sendSlowly(path, response);
      else createReadStream(path).pipe(response);
    }, refuse);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}${prefix}`,
    deploy: (next) => void (folder = next),
    replace: (file, text) => void replaced.set(file, text),
    remove: (files) => void removed.push(files),
    requests: (files, method = 'GET') =>
      asked.filter((request) => request.method === method && files.test(request.file)).length,
    missing,
    stopAnswering: () => void (isSilent = true),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
