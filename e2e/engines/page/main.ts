/** Runs the checks one after the other in the browser that opened this page, and reports to the server how each one ended. */
import { checksOf, modes, type BrowserMode } from '../checks/checks.ts';
import { App } from './app.ts';
import type { Check } from './check.ts';
import { setHost } from './host.ts';
import type { Report } from './report.ts';

const tell = async (report: Report): Promise<void> => {
  await fetch('/checks/report', { method: 'POST', body: JSON.stringify(report) });
};

/** @returns what is wrong, or null if nothing is */
async function problemOf({ run }: Check): Promise<string | null> {
  const app = new App();
  try {
    await run(app);
    return app.faults.length === 0 ? null : `the page reported: ${app.faults.join('; ')}`;
  } catch (error) {
    const reported = app.faults.length === 0 ? '' : ` The page reported: ${app.faults.join('; ')}`;
    return (error instanceof Error ? error.message : String(error)) + reported;
  } finally {
    app.close();
    await setHost();
  }
}

const asked = new URLSearchParams(location.search);
const only = asked.get('only') ?? '';
const mode: BrowserMode = modes.find((each) => each === asked.get('mode')) ?? 'plain';
await tell({ kind: 'begin', engine: navigator.userAgent });
for (const each of checksOf(mode)) {
  if (!each.name.includes(only)) continue;
  const start = performance.now();
  const problem = await problemOf(each);
  await tell({ kind: 'check', name: each.name, problem, elapsedMs: performance.now() - start });
}
await tell({ kind: 'end' });
