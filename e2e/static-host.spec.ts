import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embedded, expect, samplePath, sideOf, test } from './scope.ts';

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
  /** From now on another text is given for the file. */
  replace(file: string, text: string): void;
  /** From now on requests are taken and never answered. */
  fallSilent(): void;
  close(): void;
}

/** What the plainest host does: files from a folder deep below its root, and no header of ours. */
async function serve(prefix: string): Promise<Host> {
  let isSilent = false;
  const replaced = new Map<string, string>();
  const server = createServer((request, response) => {
    if (isSilent) return; // the connection stands, and nothing comes
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const text = replaced.get(pathname.slice(prefix.length));
    if (text !== undefined) {
      response.setHeader('Content-Type', 'application/json');
      response.end(text);
      return;
    }
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
    replace: (file, text) => void replaced.set(file, text),
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
    await page.goto(`${host.address}?backend=wasm&side=${sideOf(20)}`);
    const bytes = new Set<string>();
    await expect
      .poll(
        async () => {
          const line = await page.locator('[data-engine-status]').first().textContent();
          const loaded = /(\d\.\d) MB of \d\.\d MB/.exec(line ?? '')?.[1];
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
    await page.goto(`${host.address}?backend=wasm&side=${sideOf(20)}`);
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

test('a model that is put beside a page which was visited before is offered; a silent host does not hold up the list', async ({
  scope,
  page,
}) => {
  const host = await serve('/');
  const models = page.getByRole('dialog', { name: 'Models' });
  try {
    await page.goto(`${host.address}?backend=wasm&side=${sideOf(20)}`);
    await scope.isReady();
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await scope.isReady();
    const { models: listed } = JSON.parse(await readFile(join(dist, 'models', 'models.json'), 'utf8')) as {
      models: unknown[];
    };
    const added = { id: 'added', title: 'Added later', bytes: 5 };
    host.replace('models/models.json', JSON.stringify({ models: [...listed, added] }));
    await page.keyboard.press('m');
    await expect(models.getByRole('listitem', { name: 'Added later' })).toBeVisible();
    await page.keyboard.press('Escape');
    host.fallSilent();
    await page.reload();
    await scope.isReady();
    await page.keyboard.press('m');
    await expect(models.getByRole('listitem', { name: embedded.title })).toBeVisible();
  } finally {
    host.close();
  }
});
