/** Runs the project's tools, bundled to one script each. In Vitest's tests by `run-tool`. */
import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transformWithOxc } from 'vite';
import type { ToolCall, ToolRun } from './tool-host.ts';

export type { ToolRun } from './tool-host.ts';

type Tool = 'attend' | 'collapse' | 'compare' | 'convert' | 'evaluate' | 'finetune' | 'look';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const hostSource = fileURLToPath(new URL('tool-host.ts', import.meta.url));

/** For the scripts. It is at the same depth as the tools' own, so paths relative to a tool's address still work. */
export async function makeScriptsFolder(): Promise<string> {
  const folder = await mkdtemp(join(root, 'node_modules', '.tools-'));
  // Else Node tries each script as CommonJS first, and parses it twice.
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const { code } = await transformWithOxc(await readFile(hostSource, 'utf8'), hostSource);
  await writeFile(join(folder, 'host.js'), code);
  return folder;
}

/**
 * One script of a tool, and of the packages that keep something between calls: a run starts in a fifth of the time that tsx
 * takes for some two hundred files. `tools/commands.test.ts` runs the tools without bundling.
 */
async function bundle(tool: Tool): Promise<string> {
  const built = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    ssr: { noExternal: [/^@tensorflow\//, 'long', 'seedrandom'] },
    build: {
      ssr: `tools/${tool}/main.ts`,
      write: false,
      minify: false,
      target: 'node20',
      // Emscripten's scripts find their WebAssembly beside them.
      rolldownOptions: { external: [/\/wasm-out\//], output: { codeSplitting: false } },
    },
  });
  if (!('output' in built)) throw new Error('it was not built');
  return built.output[0].code;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A process with a tool, and the runs in it one after another. */
export class ToolHost {
  private readonly process: ChildProcess;
  private last: Promise<unknown> = Promise.resolve();

  constructor(folder: string, script: string) {
    this.process = fork(join(folder, 'host.js'), [script], { execArgv: [] });
  }

  run(call: ToolCall): Promise<ToolRun> {
    const run = this.last.then(() => this.ask(call));
    this.last = run.catch(() => undefined);
    return run;
  }

  private async ask(call: ToolCall): Promise<ToolRun> {
    const settled = new AbortController();
    const { signal } = settled;
    this.process.send(call);
    try {
      const [answer] = await Promise.race([
        once(this.process, 'message', { signal }),
        once(this.process, 'exit', { signal }).then(() => Promise.reject(new Error('the host has ended'))),
      ]);
      return answer as ToolRun;
    } finally {
      settled.abort();
    }
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null) return;
    this.process.kill();
    await once(this.process, 'exit');
  }
}

/** The scripts in a folder, each made when it is first wanted, and the processes that run them. */
export class ToolScripts {
  private readonly folder: string;
  private readonly scripts = new Map<Tool, Promise<string>>();
  private readonly hosts = new Map<Tool, ToolHost>();

  /** @param folder one of `makeScriptsFolder`; several processes may use it */
  constructor(folder: string) {
    this.folder = folder;
  }

  private async make(tool: Tool): Promise<string> {
    const script = join(this.folder, `${tool}.js`);
    if (await isThere(script)) return script;
    // Another process that makes the same one sees only whole ones.
    const unfinished = join(this.folder, `${tool}-${process.pid}.js`);
    await writeFile(unfinished, await bundle(tool));
    await rename(unfinished, script);
    return script;
  }

  /** @returns the path of the tool's script, for Node */
  async scriptOf(tool: Tool): Promise<string> {
    const made = this.scripts.get(tool) ?? this.make(tool);
    this.scripts.set(tool, made);
    return made;
  }

  /**
   * Runs a tool in a process that other runs of it share, see `tool-host`.
   * @param cwd the working folder of the command
   */
  async runIn(cwd: string, tool: Tool, args: readonly string[]): Promise<ToolRun> {
    const script = await this.scriptOf(tool);
    const host = this.hosts.get(tool) ?? new ToolHost(this.folder, script);
    this.hosts.set(tool, host);
    return host.run({ args, cwd });
  }

  /** As `runIn`, in the root of the repository. */
  run(tool: Tool, ...args: readonly string[]): Promise<ToolRun> {
    return this.runIn(root, tool, args);
  }

  /** Runs a tool in a process of its own, as a person does. */
  async runAlone(tool: Tool, ...args: readonly string[]): Promise<ToolRun> {
    const words = [await this.scriptOf(tool), ...args];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, words, { cwd: root }, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : error.code;
        if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
        else reject(error ?? new Error('it did not start'));
      });
    });
  }

  async endHosts(): Promise<void> {
    for (const host of this.hosts.values()) await host.end();
    this.hosts.clear();
  }

  async remove(): Promise<void> {
    await this.endHosts();
    await rm(this.folder, { recursive: true });
  }
}
