/**
 * A process that runs one of the project's tools again and again for the tests: a run in it takes a quarter of the time of a
 * process of its own. Each run has the tool's modules, the globals, the arguments and the folder anew, and ends where the tool
 * ends the process. Only Node itself and packages with native code stay from one run to the next.
 *
 * Started with the tool's script as its argument (`tool-scripts`); takes a `ToolCall` as a message and answers with a `ToolRun`.
 */
import type { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export interface ToolCall {
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface ToolRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown by `process.exit`, so that nothing after it is done. */
class Exit extends Error {}

const [node = '', , script = ''] = process.argv;
let runs = 0;

/** @returns takes away what a run has left: listeners, globals (tfjs keeps its engine and its kernels in some), its exit code */
function rememberAll(): () => void {
  const globals = new Set(Reflect.ownKeys(globalThis));
  const emitters: readonly EventEmitter[] = [process, process.stdout, process.stderr];
  const before = emitters.map(
    (emitter) => new Map(emitter.eventNames().map((event) => [event, emitter.listeners(event)])),
  );
  return () => {
    for (const [at, emitter] of emitters.entries())
      for (const event of emitter.eventNames())
        for (const listener of emitter.listeners(event))
          if (!before[at]?.get(event)?.includes(listener))
            emitter.off(event, listener as (...args: unknown[]) => void);
    for (const name of Reflect.ownKeys(globalThis))
      if (!globals.has(name)) Reflect.deleteProperty(globalThis, name);
    process.exitCode = undefined;
  };
}

/** Gives what is written to a stream to `hear`. @returns takes that back */
function listenTo(stream: NodeJS.WriteStream, hear: (text: string) => void): () => void {
  const write = stream.write;
  stream.write = (piece: string | Uint8Array, ...more: unknown[]): boolean => {
    hear(typeof piece === 'string' ? piece : Buffer.from(piece).toString());
    const done = more.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  return () => (stream.write = write);
}

/** As Node ends a process after an error that nobody caught: its listeners first, else the stack and exit code 1. */
function endAfter(error: unknown): void {
  if (error instanceof Exit) return;
  try {
    if (process.listenerCount('uncaughtException') > 0) {
      process.emit('uncaughtException', error as Error);
      return;
    }
    console.error(error);
    process.exit(1);
  } catch (thrown) {
    if (!(thrown instanceof Exit)) throw thrown;
  }
}

async function run({ args, cwd }: ToolCall): Promise<ToolRun> {
  const clearUp = rememberAll();
  const said = { stdout: '', stderr: '' };
  let ended: number | null = null;
  const takeBack = (['stdout', 'stderr'] as const).map((name) =>
    listenTo(process[name], (text) => {
      // A process that has ended says nothing more.
      if (ended === null) said[name] += text;
    }),
  );
  const { exit } = process;
  const exited = new Promise<void>((resolve) => {
    const end = (code: number): void => {
      process.exitCode = code;
      for (const listener of process.listeners('exit')) listener.call(process, code);
      ended = process.exitCode;
      resolve();
    };
    process.exit = (code = process.exitCode ?? 0) => {
      if (ended === null) end(Number(code));
      throw new Exit();
    };
  });
  process.argv = [node, script, ...args];
  process.chdir(cwd);
  const whole = import(`${pathToFileURL(script).href}?run=${runs++}`).then(() => process.exit());
  await Promise.race([whole.catch(endAfter), exited]);
  await exited;
  await setImmediate();
  for (const back of takeBack) back();
  process.exit = exit;
  clearUp();
  return { exitCode: ended ?? NaN, ...said };
}

// Comes before listeners, from which nothing may be thrown.
process.setUncaughtExceptionCaptureCallback(endAfter);
process.on('message', (call: ToolCall) => void run(call).then((ended) => process.send?.(ended)));
