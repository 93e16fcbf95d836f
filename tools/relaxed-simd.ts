import { setFlagsFromString } from 'node:v8';

/**
 * Node 20 has relaxed SIMD behind a flag only: multiply and add in one instruction, which our kernels gain a third by. To be called
 * before a back end opens, whose self-check then judges the numbers as everywhere. Later versions have it anyway.
 */
export function allowRelaxedSimd(): void {
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd');
}
