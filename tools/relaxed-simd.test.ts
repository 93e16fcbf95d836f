import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = (path: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../${path}`, import.meta.url)));

// In a process of its own: the flag holds for all of one.
const script = `
  import { chooseBackend } from ${source('src/engine/choose-backend.ts')};
  import { allowRelaxedSimd } from ${source('tools/relaxed-simd.ts')};
  allowRelaxedSimd();
  const chosen = await chooseBackend('wasm', { wasmAssets: null, onSelfCheck: () => {}, onTry: () => {} });
  console.log(JSON.stringify(chosen.ok ? [chosen.value.backend.device, chosen.value.reason.kind] : chosen.error));`;

test('a back end in Node has relaxed SIMD, and passes the self-check with it', () => {
  const printed = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(printed.trim().split('\n').at(-1) ?? '')).toEqual([
    'CPU, relaxed SIMD, 1 thread',
    'asked-for',
  ]);
});
