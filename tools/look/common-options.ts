/** Options of all commands that look at photographs. */
import { countOf } from '../../src/core/count-of.ts';
import type { BackendName } from '../../src/core/failure.ts';
import type { ModelDescription } from '../../src/core/model.ts';
import { overlaps, overlapsFor, type Overlap } from '../../src/core/overlap.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import { fileURLToPath } from 'node:url';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { readWholeNumber } from '../read-options.ts';
import { stopWith, stopWithWrong } from '../stop-with.ts';

const embeddedModel = fileURLToPath(new URL(`../../public/models/${embeddedModelId}`, import.meta.url));

export const commonOptions = {
  model: { type: 'string', default: embeddedModel },
  backend: { type: 'string', default: 'wasm' },
  side: { type: 'string', default: '320' },
  square: { type: 'boolean', default: false },
  overlap: { type: 'string', default: '1' },
} as const;

export const overlapUsage = `  --overlap <1|2|4>  patches that overlap, each half or a quarter of a patch from the next: finer maps, 4 or 16 times the
                     patches (default: 1)`;

export const commonUsage = `  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format (default: the embedded model)
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --side <px>        the long side of what the model sees (default: 320)
  --square           squash to side × side, as the official script does
${overlapUsage}`;

export function readBackend(name: string): BackendName {
  return name === 'wasm' || name === 'cpu' || name === 'webgpu'
    ? name
    : stopWithWrong(`--backend ${name} is not wasm, cpu or webgpu.`);
}

/** Ends the command where it is no overlap. */
export const readOverlap = (text: string): Overlap =>
  overlaps.find((overlap) => String(overlap) === text) ??
  stopWithWrong(`--overlap ${text} is not ${listOf(overlaps)}.`);

const listOf = (numbers: readonly number[]): string =>
  [numbers.slice(0, -1).join(', '), numbers.slice(-1).join('')].filter((part) => part !== '').join(' or ');

/** @returns a sentence where the network's patches cannot overlap so, otherwise null */
export function overlapProblem(
  overlap: Overlap,
  { title, patchSizePx }: Pick<ModelDescription, 'title' | 'patchSizePx'>,
): string | null {
  const usable = overlapsFor(patchSizePx);
  if (usable.includes(overlap)) return null;
  const part = overlap === 2 ? 'half' : 'quarter';
  return (
    `--overlap ${overlap}: the patches of ${title} are ${patchSizePx} px wide, and a ${part} of that is no whole number. ` +
    `It can be ${listOf(usable)}.`
  );
}

interface AskedOfModel {
  readonly block?: unknown;
  readonly token?: unknown;
  /** The index of a head from 0, or a word. */
  readonly head?: unknown;
}

/** @returns a sentence where the network has no such part, otherwise null. The page takes the nearest one, as it changes models under the same settings. */
export function partProblem(
  { block, token, head }: AskedOfModel,
  {
    title,
    depth,
    numRegisters,
    numHeads,
  }: Pick<ModelDescription, 'title' | 'depth' | 'numRegisters' | 'numHeads'>,
): string | null {
  if (typeof block === 'number' && block > depth)
    return `--block ${block}: ${title} has ${countOf(depth, 'block')}.`;
  if (typeof token === 'number' && token > numRegisters)
    return `--token ${token}: ${title} has ${numRegisters === 0 ? 'no registers' : countOf(numRegisters, 'register')}.`;
  if (typeof head === 'number' && head >= numHeads)
    return `--view ${head + 1}: ${title} has ${countOf(numHeads, 'head')}.`;
  return null;
}

/** Ends the command with that sentence. */
export function checkParts(asked: AskedOfModel, model: ModelDescription): void {
  const problem = partProblem(asked, model);
  if (problem !== null) stopWith(problem);
}

/** Ends the command with that sentence. */
export function checkOverlap({ overlap = 1 }: FramingOptions, model: ModelDescription): void {
  const problem = overlapProblem(overlap, model);
  if (problem !== null) stopWith(problem);
}

interface FramingTexts {
  readonly side: string;
  readonly square: boolean;
  readonly overlap: string;
}

/** @returns px, of the long side of what a network sees */
export const readSide = (text: string): number => readWholeNumber('side', text, 16, 2048);

export function readFraming({ side, square, overlap }: FramingTexts): FramingOptions {
  return { shape: square ? 'square' : 'photograph', sidePx: readSide(side), overlap: readOverlap(overlap) };
}
