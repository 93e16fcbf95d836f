/** Our wasm kernels as one module, for memory that belongs to one thread or is shared by several. */
import { defineAttention } from './attention-code.ts';
import { defineGradients } from './gradient-code.ts';
import { defineLayerNorm } from './layer-norm-code.ts';
import { defineLinear } from './linear-code.ts';
import { defineOptimizer } from './optimizer-code.ts';
import { definePackers } from './pack-code.ts';
import { defineQueryRows } from './query-rows-code.ts';
import { defineSequenceAttention } from './sequence-attention-code.ts';
import { defineTiles, rowsOfTile } from './tiles.ts';
import { ModuleWriter } from '../../wasm/wasm-module.ts';

/**
 * The operations that a thread can run. Each processes a share [begin, end) of the work and has its own scratch memory.
 */
export const operations = [
  'linear',
  'layerNorm',
  'packHeads',
  'attend',
  'packKeys',
  'queryRows',
  'packColumns',
  'gelu',
  'geluGradient',
  'layerNormGradient',
  'columnSums',
  'attendSequences',
  'attentionGradient',
  'squareSums',
  'update',
] as const;
export type Operation = (typeof operations)[number];
export type SimdFunctions = Readonly<
  Record<Operation, (scratch: number, begin: number, end: number, ...values: number[]) => void>
>;

function encode(relaxed: boolean, sharedMemory: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const tiles = defineTiles(module, relaxed);
  const packers = definePackers(module, relaxed);
  defineLinear(module, tiles, packers, relaxed);
  defineLayerNorm(module, relaxed);
  const attention = defineAttention(module, tiles, relaxed);
  defineQueryRows(module, attention);
  defineSequenceAttention(module, attention, packers, relaxed);
  defineGradients(module, relaxed);
  defineOptimizer(module);
  return module.encode(sharedMemory);
}

/** @returns null if the engine has no SIMD. With relaxed SIMD, fused multiply-add is used. */
export function compileSimd(
  sharedMemory: boolean,
): { readonly module: WebAssembly.Module; readonly relaxed: boolean; readonly tileRows: number } | null {
  for (const relaxed of [true, false]) {
    const bytes = encode(relaxed, sharedMemory);
    if (WebAssembly.validate(bytes))
      return { module: new WebAssembly.Module(bytes), relaxed, tileRows: rowsOfTile(relaxed) };
  }
  return null;
}

export const instantiateSimd = (module: WebAssembly.Module, memory: WebAssembly.Memory): SimdFunctions =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as SimdFunctions;
