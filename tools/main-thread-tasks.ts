import type { Page } from 'playwright';

/** An event of Chromium's trace, of the categories `toplevel` and `__metadata`. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly args: { readonly name?: string };
  /** CPU time of the thread, µs: time on the clock would include other threads on the same core. Absent for a task that was running when the trace ended. */
  readonly tdur?: number;
}

/** @returns the main thread's own time in each of its tasks while `work` is done, ms, the longest first. Throws where the page is in no launched browser. */
export async function mainThreadTasks(page: Page, work: () => Promise<void>): Promise<readonly number[]> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('Chromium traces a browser, and this page has none of its own');
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  await work();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const threads = trace.traceEvents.filter(
    ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
  );
  // The browser may keep a second process ready, which does nothing.
  const tasks = threads
    .map((main) =>
      trace.traceEvents.filter(
        ({ name, pid, tid }) =>
          name === 'ThreadControllerImpl::RunTask' && pid === main.pid && tid === main.tid,
      ),
    )
    .reduce((most, each) => (each.length > most.length ? each : most), []);
  return tasks.map(({ tdur = 0 }) => tdur / 1000).sort((a, b) => b - a);
}
