/**
 * npm run bench -- train: what a training step asks of WebGPU in Node, the page's step against tfjs's plain ops. Where the adapter
 * is a program and no graphics card, the large networks are counted and not run, and the table says so.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Step {
  readonly device: string;
  readonly stepMs?: number;
  readonly encodeMs: number;
  readonly dispatches: number;
  readonly buffers: number;
  readonly submits: number;
  readonly peakMB: number;
  readonly estimatedMB: number;
}

const titles: Readonly<Record<string, string>> = {
  tiny: 'tiny preset',
  's16-2-locals': 'ViT-S/16, batch 1, 2 × 224 + 2 × 96',
  's16-6-locals': 'ViT-S/16, batch 2, 2 × 224 + 6 × 96',
};
const path = fileURLToPath(new URL('train-step.ts', import.meta.url));

/** @returns the last step, which compiles nothing any more; or why there is none */
function runCase(name: string, implementation: string, mode: string): Step | string {
  const args = ['--import', 'tsx', path, name, implementation, mode, '3'];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const line = child.stdout.split('\n').findLast((each) => each.startsWith('{'));
  if (child.status !== 0 || line === undefined) return child.stderr.trim().split('\n').at(-1) ?? 'it failed';
  return JSON.parse(line) as Step;
}

export function benchTraining(): void {
  console.log(
    '| case | step | dispatches | buffers made | submits | peak, MB | estimate, MB | encode, ms | step, ms |\n|---|---|---|---|---|---|---|---|---|',
  );
  let device = '';
  for (const name of Object.keys(titles)) {
    const isSoftware = /swiftshader|llvmpipe|lavapipe/i.test(device);
    for (const implementation of ['fast', 'plain']) {
      const mode = isSoftware && name !== 'tiny' ? 'count' : 'time';
      const step = runCase(name, implementation, mode);
      if (typeof step === 'string') {
        console.error(`${titles[name]}, ${implementation}, is left out: ${step}`);
        continue;
      }
      ({ device } = step);
      const { dispatches, buffers, submits, peakMB, estimatedMB, encodeMs, stepMs } = step;
      const numbers = [dispatches, buffers, submits, peakMB, estimatedMB, Math.round(encodeMs)];
      const time = stepMs === undefined ? 'counted, not run' : Math.round(stepMs);
      console.log(`| ${titles[name]} | ${implementation} | ${numbers.join(' | ')} | ${time} |`);
    }
  }
  console.log(`\non ${device}`);
}
