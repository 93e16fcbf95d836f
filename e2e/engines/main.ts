/**
 * Checks the built page in every engine: `tsx e2e/engines/main.ts [engine …] [--only part-of-a-name] [--report file.json]`.
 * A browser opens the page of the checks, and this page reports how each check ended.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checksOf } from './checks/checks.ts';
import { engineNames, findLaunch, modeOf, type EngineName } from './launch.ts';
import type { Report } from './page/report.ts';
import { serveChecks, type CheckServer } from './serve.ts';

/** A browser that needs longer to open the page does not work on this machine. */
const openingMs = 180_000;
/** A browser without a report for this long hangs. This is longer than the longest check on a machine four times slower. */
const silenceMs = 600_000;

/** Where browsers store their files. The system's temporary folder does not work, since a sandboxed browser (snap) sees another one. */
const resultsFolder = fileURLToPath(new URL('../../test-results', import.meta.url));

type CheckResult = Extract<Report, { kind: 'check' }>;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, report: { type: 'string' } },
});
const wanted = engineNames.filter(
  (name) =>
    positionals.length === 0 || positionals.some((asked) => asked.toLowerCase() === name.toLowerCase()),
);
const namesOf = (engine: EngineName): string[] =>
  checksOf(modeOf(engine))
    .map(({ name }) => name)
    .filter((name) => name.includes(options.only));

function printResult(engine: EngineName, { name, problem, elapsedMs }: CheckResult): void {
  const seconds = (elapsedMs / 1000).toFixed(1);
  console.log(`  ${problem === null ? '✓' : '✗'} ${engine}: ${name} (${seconds} s)`);
  if (problem !== null) console.log(`    ${problem}`);
}

/** Collects reports from now on. Resolves with null after the last check, or with the reason why no more reports will come. */
function collectReports(
  server: CheckServer,
  engine: EngineName,
  results: CheckResult[],
  isGone: Promise<string>,
): Promise<string | null> {
  return new Promise((resolve) => {
    const startTimer = (ms: number): NodeJS.Timeout =>
      setTimeout(() => resolve(`nothing was heard of it for ${ms / 60_000} minutes`), ms);
    let silence = startTimer(openingMs);
    const finish = (why: string | null): void => {
      clearTimeout(silence);
      resolve(why);
    };
    void isGone.then(finish);
    server.onReport((report) => {
      clearTimeout(silence);
      silence = startTimer(silenceMs);
      if (report.kind === 'begin') console.log(`  ${engine}: ${report.engine}`);
      else if (report.kind === 'end') finish(null);
      else {
        results.push(report);
        printResult(engine, report);
      }
    });
  });
}

/** @returns how each check ended; a check without a report counts as failed */
async function runEngine(
  engine: EngineName,
  server: CheckServer,
  launch: NonNullable<ReturnType<typeof findLaunch>>,
): Promise<CheckResult[]> {
  await mkdir(resultsFolder, { recursive: true });
  const folder = await mkdtemp(join(resultsFolder, 'engine-'));
  const results: CheckResult[] = [];
  const query = new URLSearchParams({ only: options.only, mode: modeOf(engine) });
  const browser = launch(`${server.address}?${query}`, folder);
  const isGone = browser.then(
    ({ gone }) => gone,
    (error: unknown) => `it did not start: ${String(error)}`,
  );
  const why = await collectReports(server, engine, results, isGone);
  await browser.then(
    ({ close }) => close(),
    () => undefined, // it did not start
  );
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  for (const name of namesOf(engine)) {
    if (results.some((result) => result.name === name)) continue;
    const result: CheckResult = { kind: 'check', name, problem: why ?? 'it did not run', elapsedMs: 0 };
    results.push(result);
    printResult(engine, result);
  }
  return results;
}

const server = await serveChecks();
const table = new Map<EngineName, readonly CheckResult[] | null>();
for (const engine of wanted.filter((each) => namesOf(each).length > 0)) {
  const launch = findLaunch(engine);
  if (launch === null)
    console.log(
      `  ${engine}: left out, ${namesOf(engine).length} checks: this machine has no browser with it.`,
    );
  table.set(engine, launch === null ? null : await runEngine(engine, server, launch));
}
await server.close();

const markOf = (name: string, engine: EngineName): string => {
  if (!namesOf(engine).includes(name)) return '';
  const result = table.get(engine)?.find((each) => each.name === name);
  if (result === undefined) return 'left out';
  return result.problem === null ? `${(result.elapsedMs / 1000).toFixed(1)} s` : 'FAILED';
};
console.log(`\n| check | ${wanted.join(' | ')} |\n| --- |${wanted.map(() => ' --- |').join('')}`);
for (const name of new Set(wanted.flatMap(namesOf)))
  console.log(`| ${name} | ${wanted.map((engine) => markOf(name, engine)).join(' | ')} |`);

const all = [...table.values()].flatMap((results) => results ?? []);
const failed = all.filter(({ problem }) => problem !== null).length;
const skipped = [...table]
  .filter(([, results]) => results === null)
  .reduce((sum, [engine]) => sum + namesOf(engine).length, 0);
const count = { passed: all.length - failed, failed, skipped };
if (options.report !== undefined) await writeFile(options.report, JSON.stringify(count));
process.exitCode = failed === 0 ? 0 : 1;
