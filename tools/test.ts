/**
 * npm test: every suite, one after the other, and their sum in the last line. A suite that breaks before it can count
 * its tests is one failure; nothing is left out in silence.
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
async function check(tool: string, ...args: string[]): Promise<Count> {
  const code = await run(tool, args);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

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

async function vitest(project: 'unit' | 'gpu'): Promise<Count> {
  const file = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exitCode = await run('vitest', ['run', '--project', project, ...reporters]);
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

async function playwright(): Promise<Count> {
  const file = join(folder, 'e2e.json');
  const exitCode = await run('playwright', ['test', '-c', 'e2e', '--reporter=list,json'], {
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
async function engines(): Promise<Count> {
  const file = join(folder, 'engines.json');
  const exitCode = await run('tsx', ['e2e/engines/main.ts', '--report', file]);
  return settle(readReport<Count>(file), exitCode);
}

const describe = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;

const suites: readonly (readonly [name: string, run: () => Promise<Count>])[] = [
  ['types', () => check('tsc', '-p', '.')],
  ['types of the service worker', () => check('tsc', '-p', 'src/service-worker')],
  ['lint', () => check('oxlint', '--type-aware', '-c', 'oxlint.config.mjs')],
  ['format', () => check('prettier', '--check', '--log-level', 'warn', '.')],
  ['unused code and packages', () => check('knip')],
  ['build', () => check('vite', 'build', '--logLevel', 'warn')],
  ['unit', () => vitest('unit')],
  ['GPU', () => vitest('gpu')],
  ['end to end', playwright],
  ['engines', engines],
];

ensureBrowser();
ensureOtherEngines();
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
for (const [name, runSuite] of suites) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const count = await runSuite();
  const seconds = Math.round((performance.now() - start) / 1000);
  lines.push(`${name}: ${describe(count)} (${seconds} s)`);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${lines.join('\n')}\n`);
console.log(describe(total));
process.exitCode = total.failed === 0 ? 0 : 1;
