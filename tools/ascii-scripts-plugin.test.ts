import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { asciiScripts, toAscii } from './ascii-scripts-plugin.ts';

/** What a page's script may hold: strings, a template, patterns with and without `u`, a name, a surrogate pair. */
const program = `
const größe = 'K²·x – “ja”';
globalThis.result = [
  größe,
  \`\${größe} … 𝛼\`,
  'a\\\\\\\\–b',
  '12 × 34'.replace(/×/g, 'x'),
  '😀 µ'.match(/[😀-😎]/gu)?.length,
  { Größe: 1 }.Größe,
];
`;
const expected = ['K²·x – “ja”', 'K²·x – “ja” … 𝛼', 'a\\\\–b', '12 x 34', 1, 1];

async function built(minify: boolean): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'dinoscope-ascii-'));
  await writeFile(join(root, 'index.html'), '<!doctype html><script type="module" src="./main.js"></script>');
  await writeFile(join(root, 'main.js'), program);
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [asciiScripts()],
    build: { write: false, minify, modulePreload: false },
  })) as Rolldown.RolldownOutput;
  await rm(root, { recursive: true });
  const [chunk] = output.filter((each) => each.type === 'chunk');
  return chunk?.code ?? expect.unreachable('no script');
}

test.each([true, false])('a built script is ASCII and does the same, made small: %s', async (minify) => {
  const code = await built(minify);
  expect(code).not.toMatch(/[^\0-\x7f]/);
  const page: { result?: unknown } = {};
  runInNewContext(code, page);
  expect(page.result).toEqual(expected);
});

test('a backslash before such a character, whose meaning depends on the place, is an error', () => {
  expect(() => toAscii(String.raw`/\–/`)).toThrow(/leave out the backslash/);
  expect(toAscii(String.raw`'\\–'`)).toBe(String.raw`'\\\u2013'`);
});
