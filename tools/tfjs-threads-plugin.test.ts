import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { fewerTfjsThreads } from './tfjs-threads-plugin.ts';

const path = createRequire(import.meta.url).resolve(
  '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js',
);

interface Context {
  error(message: string): never;
}

/** As a bundler calls it. @throws what the plugin finds wrong */
function transform(code: string, id: string): { readonly code: string } | null {
  const plugin = fewerTfjsThreads();
  const hook = plugin.transform as unknown as (
    this: Context,
    code: string,
    id: string,
  ) => { code: string } | null;
  const error = (message: string): never => {
    throw new Error(message);
  };
  return hook.call({ error }, code, id);
}

test('tfjs’s own file asks how many threads to start, once', () => {
  const code = readFileSync(path, 'utf8');
  const changed = transform(code, path)?.code ?? '';
  expect(changed.split('pthreadPoolSize=globalThis.tfjsThreads??8;')).toHaveLength(2);
  expect(changed).toHaveLength(code.length + '=globalThis.tfjsThreads??8'.length - '=8'.length);
});

test('another version that does it otherwise stops the build', () => {
  expect(() => transform('var poolSize=8;', path)).toThrow('looks different');
});

test('other files stay as they are', () => {
  expect(transform('var pthreadPoolSize=8;', '/src/main.ts')).toBeNull();
});
