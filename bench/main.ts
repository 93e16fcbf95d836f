/**
 * npm run bench -- train is the bench of training (train.ts). npm run bench: the embedded model's forward pass on the back
 * ends that run in Node, a process a turn, the back ends in turn, so that both meet the same machine. Prints a table of medians; where WebGPU has no device it says so and leaves it out.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { embeddedModelId } from '../src/core/embedded-model.ts';
import { benchTraining } from './train.ts';

if (process.argv[2] === 'train') {
  benchTraining();
  process.exit(0);
}

const rounds = 3;
const sides = [224, 320];
const pathOf = (fromRoot: string): string => fileURLToPath(new URL(`../${fromRoot}`, import.meta.url));

interface Pass {
  readonly device: string;
  readonly temperature: 'cold' | 'warm';
  readonly tokens: number;
  readonly forwardMs: number;
}

function runTurn(backend: string, side: number): Pass[] | string {
  const args = [pathOf(`public/models/${embeddedModelId}`), pathOf('public/samples/cat.jpg'), String(side)];
  const child = spawnSync(process.execPath, ['--import', 'tsx', pathOf('bench/pass.ts'), backend, ...args], {
    encoding: 'utf8',
  });
  if (child.status !== 0) return child.stderr.trim().split('\n').at(-1) ?? 'it failed';
  return child.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Pass);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

const backends = new Set(['wasm', 'webgpu']);
console.log('| back end | device | side | tokens | cold, ms | warm, ms |\n|---|---|---|---|---|---|');
for (const side of sides) {
  const passes = new Map<string, Pass[]>();
  for (let round = 0; round < rounds; round++) {
    for (const backend of backends) {
      const turn = runTurn(backend, side);
      if (typeof turn === 'string') {
        console.error(`${backend} is left out: ${turn}`);
        backends.delete(backend);
      } else passes.set(backend, [...(passes.get(backend) ?? []), ...turn]);
    }
  }
  for (const [backend, all] of passes) {
    const time = (wanted: Pass['temperature']): string =>
      median(
        all.filter(({ temperature }) => temperature === wanted).map(({ forwardMs }) => forwardMs),
      ).toFixed(0);
    const { device = '', tokens = 0 } = all[0] ?? {};
    console.log(`| ${backend} | ${device} | ${side} | ${tokens} | ${time('cold')} | ${time('warm')} |`);
  }
}
