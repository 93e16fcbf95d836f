/** `resample` by SIMD: a WebAssembly instance with its own memory, made when it is first used. */
import { ModuleWriter } from '../wasm/wasm-module.ts';
import { defineResample, lowBits, pairBytes, tapsTogether } from './resample-code.ts';
import type { ResamplePlan, ResampleSource, Taps } from './resample-plan.ts';

type Step = (scratch: number, begin: number, end: number, ...values: number[]) => void;
type Steps = Readonly<Record<'acrossOf3' | 'acrossOf4' | 'down', Step>>;

/** The photograph's rows are processed in pieces of about this size, since the memory never shrinks. */
const pieceBytes = 1 << 20;
/** The sum of more low parts than this, times 255, would not fit into 32 bits. */
const mostTaps = 4000;
/** Vector loads and stores may extend this far beyond the last value. */
const spareBytes = 64;
const pageBytes = 1 << 16;
const mostBytes = 2 ** 31 - pageBytes;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Taps in the layout of the WebAssembly code. */
interface PackedTaps {
  /** For each output, its start in bytes, and the bytes of its weights. */
  readonly ranges: Int32Array;
  /** In pairs of taps: high, high, low, low. */
  readonly weights: Int16Array;
  readonly weightStride: number;
}

/** @param stepBytes from one input to the next @param together number of taps that are read at once; padding taps have weight 0 */
function packTaps(
  { count, starts, lengths, weights }: Taps,
  first: number,
  stepBytes: number,
  together: number,
): PackedTaps {
  const taps = roundUp(count, together);
  const packed = new Int16Array(starts.length * taps * 2);
  const ranges = new Int32Array(starts.length * 2);
  for (let output = 0; output < starts.length; output++) {
    const length = lengths[output] as number;
    ranges[2 * output] = ((starts[output] as number) - first) * stepBytes;
    ranges[2 * output + 1] = roundUp(length, together) * (pairBytes / 2);
    for (let tap = 0; tap < length; tap++) {
      const weight = weights[output * count + tap] as number;
      const to = (output * taps + tap - (tap % 2)) * 2 + (tap % 2);
      packed[to] = weight >> lowBits;
      packed[to + 2] = weight & ((1 << lowBits) - 1);
    }
  }
  return { ranges, weights: packed, weightStride: taps * (pairBytes / 2) };
}

/** Taps in memory: the stride and addresses, in the order of the code's parameters. */
type PlacedTaps = readonly [weightStride: number, ranges: number, weights: number];

/** Allocates the parts of the memory for one call, from its start. */
class Layout {
  private readonly writes: (readonly [address: number, values: Int16Array | Int32Array])[] = [];
  private end = 0;

  place(bytes: number): number {
    const start = this.end;
    this.end += roundUp(bytes + spareBytes, 64);
    return start;
  }

  placeTaps({ weightStride, ranges, weights }: PackedTaps): PlacedTaps {
    const at = [this.place(ranges.byteLength), this.place(weights.byteLength)] as const;
    this.writes.push([at[0], ranges], [at[1], weights]);
    return [weightStride, ...at];
  }

  /** @returns the memory, grown if it was too small, with all taps written; null if it cannot grow enough */
  write(memory: WebAssembly.Memory): Uint8Array | null {
    if (this.end > mostBytes) return null;
    const missing = this.end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
    const heap = new Uint8Array(memory.buffer);
    for (const [address, { buffer, byteOffset, byteLength }] of this.writes)
      heap.set(new Uint8Array(buffer, byteOffset, byteLength), address);
    return heap;
  }
}

/** Copies lines of the picture without gaps. */
function copyLines(
  { values, first, rowLength }: ResampleSource,
  firstLine: number,
  lines: number,
  length: number,
  heap: Uint8Array,
  to: number,
): void {
  const start = first + firstLine * rowLength;
  if (length === rowLength) heap.set(values.subarray(start, start + lines * length), to);
  else
    for (let line = 0; line < lines; line++) {
      const from = start + line * rowLength;
      heap.set(values.subarray(from, from + length), to + line * length);
    }
}

/** Copies the result's lines without their padding. */
function cutLines(
  heap: Uint8Array,
  from: number,
  stride: number,
  lines: number,
  length: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(lines * length);
  for (let line = 0; line < lines; line++) {
    const start = from + line * stride;
    pixels.set(heap.subarray(start, start + length), line * length);
  }
  return pixels;
}

export class SimdResampler {
  private readonly memory = new WebAssembly.Memory({ initial: 1 });
  private readonly steps: Steps;

  private constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.steps = exports as unknown as Steps;
  }

  /** @returns null if the engine has no SIMD, or the page's policy forbids WebAssembly */
  static open(): SimdResampler | null {
    const module = new ModuleWriter();
    defineResample(module);
    const bytes = module.encode(false);
    if (!WebAssembly.validate(bytes)) return null;
    try {
      return new SimdResampler(new WebAssembly.Module(bytes));
    } catch (error) {
      if (error instanceof WebAssembly.CompileError) return null;
      throw error;
    }
  }

  /** @param width of the picture in px @returns RGB, shape [plan.down's outputs, plan.across's outputs, 3]; null if it is too large */
  run(
    source: ResampleSource,
    width: number,
    { across, down, firstRow, rows }: ResamplePlan,
  ): Uint8ClampedArray<ArrayBuffer> | null {
    if (Math.max(across.count, down.count) > mostTaps) return null;
    const { channels } = source;
    const [columns, outputs] = [across.starts.length, down.starts.length];
    const lineBytes = width * channels;
    // With a spare byte, see `defineAcross`.
    const betweenBytes = roundUp(columns * 3 + 1, 16);
    const pieceRows = Math.min(rows, Math.max(1, Math.floor(pieceBytes / lineBytes)));
    const layout = new Layout();
    const acrossTaps = layout.placeTaps(packTaps(across, 0, channels, tapsTogether));
    const downTaps = layout.placeTaps(packTaps(down, firstRow, betweenBytes, 2));
    // If an output has an odd number of taps, one more line is read with weight 0.
    const between = layout.place((rows + 1) * betweenBytes);
    const result = layout.place(outputs * betweenBytes);
    const piece = layout.place(pieceRows * lineBytes);
    const heap = layout.write(this.memory);
    if (heap === null) return null;

    const runAcross = this.steps[channels === 3 ? 'acrossOf3' : 'acrossOf4'];
    for (let row = 0; row < rows; row += pieceRows) {
      const lines = Math.min(pieceRows, rows - row);
      copyLines(source, firstRow + row, lines, lineBytes, heap, piece);
      const to = between + row * betweenBytes;
      runAcross(0, 0, lines, piece, lineBytes, to, betweenBytes, columns, ...acrossTaps);
    }
    this.steps.down(0, 0, outputs, between, betweenBytes, result, ...downTaps);
    return cutLines(heap, result, betweenBytes, outputs, columns * 3);
  }
}

let kept: SimdResampler | null | undefined;

/** The instance of this thread. */
export function simdResampler(): SimdResampler | null {
  if (kept === undefined) kept = SimdResampler.open();
  return kept;
}
