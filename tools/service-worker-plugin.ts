/**
 * Builds src/service-worker/main.ts into dist/sw.js with the list of files that it keeps for offline use.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { pageHeaders } from './page-policy.ts';
import { build, type Plugin, type ResolvedConfig } from 'vite';

/** Model shards have a cache of their own, by hash (models/browser-source.ts). */
const isKept = (path: string): boolean => !path.endsWith('.bin') && path !== 'sw.js';

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(isKept)
    .sort();
}

export function serviceWorker(): Plugin {
  let config: ResolvedConfig;
  return {
    name: 'dinoscope-service-worker',
    apply: 'build',
    configResolved: (resolved) => void (config = resolved),
    async closeBundle() {
      const folder = resolve(config.root, config.build.outDir);
      const files = listFiles(folder);
      const version = createHash('sha256');
      for (const file of files) version.update(file).update(readFileSync(join(folder, file)));
      const built = await build({
        configFile: false,
        root: config.root,
        logLevel: 'warn',
        publicDir: false,
        define: {
          __HEADERS__: JSON.stringify(pageHeaders),
          __FILES__: JSON.stringify(files),
          __VERSION__: JSON.stringify(version.digest('hex').slice(0, 16)),
        },
        build: {
          write: false,
          rollupOptions: {
            input: join(config.root, 'src/service-worker/main.ts'),
            output: { entryFileNames: 'sw.js', format: 'iife' },
          },
        },
      });
      const [output] = Array.isArray(built) ? built : [built];
      const chunk = output && 'output' in output ? output.output[0] : undefined;
      if (chunk === undefined) throw new Error('the service worker was not built');
      writeFileSync(join(folder, 'sw.js'), chunk.code);
    },
  };
}
