/**
 * npm test: every suite, one after the other, and their sum in the last line. A suite that breaks before it can count
 * its tests is one failure; nothing is left out in silence.
 *
 * `tsx tools/test.ts build e2e -g layers` runs the suites that are named; what follows goes to the last one's runner.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser, ensureOtherEngines } from './ensure-browser.ts';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const folder = mkdtempSync(join(tmpdir(), 'dinoscope-test-'));

/** Runs one of the project's own tools, its output going where ours goes. @returns its exit code */
function run(
  tool: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn('npx', ['--no-install', tool, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      shell: process.platform === 'win32',
    });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** A check without tests of its own: it holds or it does not. */
const check =
  (tool: string, ...args: string[]) =>
  async (more: readonly string[]): Promise<Count> => {
    const code = await run(tool, [...args, ...more]);
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  };

function readReport<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return null;
  }
}

/** A runner that fails without a failed test (a crash, an error outside a test) still counts as a failure. */
const settle = (count: Count | null, exitCode: number): Count => {
  if (count === null) return { passed: 0, failed: 1, skipped: 0 };
  return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
};

async function vitest(project: 'unit' | 'gpu', more: readonly string[]): Promise<Count> {
  const file = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exitCode = await run('vitest', ['run', '--project', project, ...reporters, ...more]);
  const report = readReport<{
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
  }>(file);
  const count = report && {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  return settle(count, exitCode);
}

async function playwright(more: readonly string[]): Promise<Count> {
  const file = join(folder, 'e2e.json');
  const exitCode = await run('playwright', ['test', '-c', 'e2e', '--reporter=list,json', ...more], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  });
  const report = readReport<{
    stats: { expected: number; unexpected: number; flaky: number; skipped: number };
  }>(file);
  const count = report && {
    passed: report.stats.expected,
    failed: report.stats.unexpected + report.stats.flaky,
    skipped: report.stats.skipped,
  };
  return settle(count, exitCode);
}

/** The built page in Chromium, Firefox and WebKit; an engine that this machine has not is counted as skipped. */
async function engines(more: readonly string[]): Promise<Count> {
  const file = join(folder, 'engines.json');
  const exitCode = await run('tsx', ['e2e/engines/main.ts', '--report', file, ...more]);
  return settle(readReport<Count>(file), exitCode);
}

const describe = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;

interface Suite {
  /** As it is named on the command line; two may belong together. */
  readonly id: string;
  readonly title: string;
  /** What it cannot do without, which may have to be installed. */
  readonly needs?: () => void;
  readonly run: (more: readonly string[]) => Promise<Count>;
}

const suites: readonly Suite[] = [
  { id: 'types', title: 'types', run: check('tsc', '-p', '.') },
  { id: 'types', title: 'types of the service worker', run: check('tsc', '-p', 'src/service-worker') },
  { id: 'lint', title: 'lint', run: check('oxlint', '--type-aware', '-c', 'oxlint.config.mjs') },
  { id: 'format', title: 'format', run: check('prettier', '--check', '--log-level', 'warn', '.') },
  { id: 'unused', title: 'unused code and packages', run: check('knip') },
  { id: 'build', title: 'build', run: check('vite', 'build', '--logLevel', 'warn') },
  { id: 'unit', title: 'unit', run: (more) => vitest('unit', more) },
  { id: 'gpu', title: 'GPU', needs: ensureBrowser, run: (more) => vitest('gpu', more) },
  { id: 'e2e', title: 'end to end', needs: ensureBrowser, run: playwright },
  { id: 'engines', title: 'engines', needs: ensureOtherEngines, run: engines },
];

const isSuite = (name: string): boolean => suites.some(({ id }) => id === name);
const words = process.argv.slice(2);
const other = words.findIndex((word) => !isSuite(word));
const names = other === -1 ? words : words.slice(0, other);
const more = words.slice(names.length);
if (names.length === 0 && more.length > 0) {
  console.error(`No suite ${more[0]}. There are ${[...new Set(suites.map(({ id }) => id))].join(', ')}.`);
  process.exit(1);
}
const wanted = names.length === 0 ? suites : suites.filter(({ id }) => names.includes(id));

for (const needs of new Set(wanted.map((suite) => suite.needs))) needs?.();
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
for (const { id, title, run: runSuite } of wanted) {
  console.log(`\n── ${title}`);
  const start = performance.now();
  const count = await runSuite(id === names.at(-1) ? more : []);
  const seconds = Math.round((performance.now() - start) / 1000);
  lines.push(`${title}: ${describe(count)} (${seconds} s)`);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${lines.join('\n')}\n`);
console.log(describe(total));
process.exitCode = total.failed === 0 ? 0 : 1;
