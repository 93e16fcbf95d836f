/** npm start: builds the page, serves it, prints its address, and opens a browser where there is one to open. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The system's own way to open an address; null where there is no screen to open it on. */
function opener(address: string): readonly [command: string, ...args: string[]] | null {
  if (process.platform === 'darwin') return ['open', address];
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '', address];
  const hasScreen = (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? '') !== '';
  return hasScreen ? ['xdg-open', address] : null;
}

await build({ root, logLevel: 'warn' });
const server = await preview({ root });
const address = server.resolvedUrls?.local[0] ?? '';
console.log(`\n  DINOscope is at ${address}\n  Ctrl+C ends it.\n`);

const [command, ...args] = opener(address) ?? [];
if (command !== undefined) {
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {}); // no browser to open: the address is printed
  child.unref();
}
