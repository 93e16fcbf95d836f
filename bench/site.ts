/** Serves builds of the page for a bench: ours and another checkout's. Bytes are counted at the server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview, type Plugin } from 'vite';

interface Traffic {
  bytes: number;
  requests: number;
}

/** A build and its server. */
export interface Site {
  readonly name: string;
  readonly address: string;
  readonly traffic: Traffic;
  close(): Promise<void>;
}

const countTraffic = (traffic: Traffic): Plugin => ({
  name: 'bench-count-traffic',
  configurePreviewServer: ({ middlewares }) => {
    middlewares.use((request, response, next) => {
      const before = request.socket.bytesWritten;
      traffic.requests++;
      response.on('finish', () => (traffic.bytes += request.socket.bytesWritten - before));
      next();
    });
  },
});

/** Builds a checkout with its own configuration and serves it. */
export async function openSite(name: string, root: string): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'dinoscope-bench-page-'));
  await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const traffic: Traffic = { bytes: 0, requests: 0 };
  const server = await preview({
    root,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 4397 },
    plugins: [countTraffic(traffic)],
  });
  return {
    name,
    address: server.resolvedUrls?.local[0] ?? '',
    traffic,
    close: async () => {
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
  };
}
