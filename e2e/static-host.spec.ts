import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, samplePath, test } from './scope.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** A shard in pieces, with a pause after each, as a slow network brings it. */
async function trickle(path: string, response: ServerResponse): Promise<void> {
  for await (const piece of createReadStream(path, { highWaterMark: 250_000 })) {
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  response.end();
}

interface Host {
  readonly address: string;
  /** From now on requests are taken and never answered. */
  fallSilent(): void;
  close(): void;
}

/** What the plainest host does: files from a folder deep below its root, and no header of ours. */
async function serve(prefix: string): Promise<Host> {
  let isSilent = false;
  const server = createServer((request, response) => {
    if (isSilent) return; // the connection stands, and nothing comes
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const path = join(dist, pathname.slice(prefix.length).replace(/\/$/, '/index.html') || 'index.html');
    void stat(path).then(
      async ({ size }) => {
        response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
        response.setHeader('Content-Length', size);
        if (path.endsWith('.bin')) await trickle(path, response);
        else createReadStream(path).pipe(response);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}${prefix}`,
    fallSilent: () => void (isSilent = true),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test.use({ serviceWorkers: 'allow' });

test('dist works on a plain host below its root; the download shows its bytes; isolation comes with the second visit', async ({
  scope,
  page,
}) => {
  const host = await serve('/talks/2026/');
  try {
    await page.goto(`${host.address}?backend=wasm&side=160`);
    const bytes = new Set<string>();
    await expect
      .poll(
        async () => {
          const line = await page.locator('[data-engine-status]').first().textContent();
          const loaded = /(\d\.\d) MB of 2\.5 MB/.exec(line ?? '')?.[1];
          if (loaded !== undefined) bytes.add(loaded);
          return bytes.size;
        },
        { intervals: [50] },
      )
      .toBeGreaterThan(2);
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await scope.isReady();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  } finally {
    host.close();
  }
});

test('a network that takes requests and never answers does not keep the page from opening', async ({
  scope,
  page,
}) => {
  const host = await serve('/');
  try {
    await page.goto(`${host.address}?backend=wasm&side=160`);
    await scope.isReady();
    await page.evaluate(() => navigator.serviceWorker.ready);
    host.fallSilent();
    await page.reload();
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
  } finally {
    host.close();
  }
});
