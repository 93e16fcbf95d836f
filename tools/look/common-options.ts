/** Options of all commands that look at photographs. */
import type { BackendName } from '../../src/core/failure.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import { fileURLToPath } from 'node:url';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { stopWith } from '../stop-with.ts';

const embeddedModel = fileURLToPath(new URL(`../../public/models/${embeddedModelId}`, import.meta.url));

export const commonOptions = {
  model: { type: 'string', default: embeddedModel },
  backend: { type: 'string', default: 'wasm' },
  side: { type: 'string', default: '320' },
  square: { type: 'boolean', default: false },
} as const;

export const commonUsage = `  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format (default: the embedded model)
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --side <px>        the long side of what the model sees (default: 320)
  --square           squash to side × side, as the official script does`;

export function readBackend(name: string): BackendName {
  return name === 'wasm' || name === 'cpu' || name === 'webgpu'
    ? name
    : stopWith(`--backend ${name} is not wasm, cpu or webgpu.`);
}

export function readFraming({ side, square }: { side: string; square: boolean }): FramingOptions {
  const sidePx = Number(side);
  if (!Number.isInteger(sidePx) || sidePx < 16 || sidePx > 2048)
    stopWith(`--side ${side} is not a whole number from 16 to 2048.`);
  return { shape: square ? 'square' : 'photograph', sidePx };
}
