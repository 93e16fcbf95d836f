/**
 * npm test: every suite, and their sum in the last line. A suite that breaks before it can count its tests is one failure; nothing is
 * left out in silence.
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

/** Runs one of the project's own tools, with its output where it belongs. @returns its exit code */
type Run = (tool: string, args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<number>;

/** @param hear takes what it says; null: that goes where ours goes */
const runner =
  (hear: ((piece: Buffer) => void) | null): Run =>
  (tool, args, env = {}) =>
    new Promise((resolve) => {
      const output = hear === null ? 'inherit' : 'pipe';
      const child = spawn('npx', ['--no-install', tool, ...args], {
        stdio: ['ignore', output, output],
        env: { ...process.env, ...env },
        shell: process.platform === 'win32',
      });
      for (const stream of [child.stdout, child.stderr]) if (hear !== null) stream?.on('data', hear);
      child.on('error', () => resolve(1));
      child.on('close', (code) => resolve(code ?? 1));
    });

/** A check without tests of its own: it holds or it does not. */
const check =
  (tool: string, ...args: string[]) =>
  async (run: Run, more: readonly string[]): Promise<Count> => {
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

async function vitest(run: Run, projects: readonly string[], more: readonly string[]): Promise<Count> {
  const file = join(folder, `${projects[0]}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exitCode = await run('vitest', [
    'run',
    ...projects.flatMap((name) => ['--project', name]),
    ...reporters,
    ...more,
  ]);
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

async function playwright(run: Run, more: readonly string[]): Promise<Count> {
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
async function engines(run: Run, more: readonly string[]): Promise<Count> {
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
  /** It looks at the built page. */
  readonly isOfBuild?: true;
  readonly run: (run: Run, more: readonly string[]) => Promise<Count>;
}

const unitSuite: Suite = {
  id: 'unit',
  title: 'unit',
  run: (run, more) => vitest(run, ['unit', 'unit-sharing'], more),
};
const gpuSuite: Suite = {
  id: 'gpu',
  title: 'GPU',
  needs: ensureBrowser,
  run: (run, more) => vitest(run, ['gpu'], more),
};
const endToEnd: Suite = {
  id: 'e2e',
  title: 'end to end',
  needs: ensureBrowser,
  isOfBuild: true,
  run: playwright,
};
const enginesSuite: Suite = {
  id: 'engines',
  title: 'engines',
  needs: ensureOtherEngines,
  isOfBuild: true,
  run: engines,
};

/**
 * In the order in which they begin. Each uses one core most of the time, or waits: two go on side by side, and whichever ends first
 * makes room for the next. The long ones come first, so that the short ones even out the end.
 */
const suites: readonly Suite[] = [
  { id: 'build', title: 'build', run: check('vite', 'build', '--logLevel', 'warn') },
  unitSuite,
  endToEnd,
  gpuSuite,
  enginesSuite,
  { id: 'lint', title: 'lint', run: check('oxlint', '--type-aware', '-c', 'oxlint.config.mjs') },
  { id: 'types', title: 'types', run: check('tsc', '-p', '.') },
  { id: 'types', title: 'types of the service worker', run: check('tsc', '-p', 'src/service-worker') },
  { id: 'format', title: 'format', run: check('prettier', '--check', '--log-level', 'warn', '.') },
  { id: 'unused', title: 'unused code and packages', run: check('knip') },
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
const isWanted = ({ id }: Suite): boolean => names.length === 0 || names.includes(id);
const wanted = suites.filter(isWanted);

const begun = new Set<Suite>();
const ended = new Map<Suite, Count>();
const lines = new Map<Suite, string>();
let isBuilt = (): void => {};
/** After a failed build there may be an older page, which must not be tested in its place. */
let hasFailedToBuild = false;
const built = new Promise<void>((resolve) => (isBuilt = resolve));
if (!wanted.some(({ id }) => id === 'build')) isBuilt();
/** One suite, or one and the build before it: no other goes on beside it. */
const isAlone = new Set(wanted.map(({ id }) => id).filter((id) => id !== 'build')).size <= 1;

/** With another suite beside it, a suite says all at once, when it has ended, so that no two are mixed. */
async function runSuite(suite: Suite): Promise<void> {
  const { id, title } = suite;
  if (suite.isOfBuild) await built;
  const said: Buffer[] = [];
  console.log(isAlone ? `\n── ${title}` : `… ${title}`);
  const run = runner(isAlone ? null : (piece) => void said.push(piece));
  begun.add(suite);
  const start = performance.now();
  const cannotRun = suite.isOfBuild === true && hasFailedToBuild;
  const count = cannotRun
    ? { passed: 0, failed: 1, skipped: 0 }
    : await suite.run(run, id === names.at(-1) ? more : []);
  const seconds = Math.round((performance.now() - start) / 1000);
  if (!isAlone) console.log(`\n── ${title}\n${Buffer.concat(said).toString('utf8')}`);
  ended.set(suite, count);
  lines.set(
    suite,
    `${title}: ${cannotRun ? 'not run, since the build failed; ' : ''}${describe(count)} (${seconds} s)`,
  );
  if (id !== 'build') return;
  hasFailedToBuild = count.failed > 0;
  isBuilt();
}

const waiting = [...wanted];
async function runThoseThatWait(): Promise<void> {
  for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) await runSuite(suite);
}

for (const needs of new Set(wanted.map((suite) => suite.needs))) needs?.();
const begin = performance.now();
/** A run that prints nothing for a long time may be ended as one that hangs. */
const heartbeat = setInterval(() => {
  const running = [...begun].filter((suite) => !ended.has(suite)).map(({ title }) => title);
  if (!isAlone)
    console.log(`… ${running.join(', ')} (${Math.round((performance.now() - begin) / 60_000)} min)`);
}, 60_000);
const lanes = isAlone ? 1 : 2;
await Promise.all(Array.from({ length: lanes }, runThoseThatWait));
clearInterval(heartbeat);
rmSync(folder, { recursive: true, force: true });
const total: Count = { passed: 0, failed: 0, skipped: 0 };
for (const count of ended.values()) {
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
console.log(`\n${wanted.map((suite) => lines.get(suite)).join('\n')}\n`);
console.log(describe(total));
process.exitCode = total.failed === 0 ? 0 : 1;
