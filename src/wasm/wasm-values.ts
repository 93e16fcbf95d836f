/**
 * Values of WebAssembly's instructions: typed expressions, each stored as the bytes that compute it. Contains only what
 * our kernels need. Encodings: WebAssembly core specification 3.0, chapter 5.
 */

export type ValueType = 'i32' | 'f32' | 'v128';

/** An expression: code that leaves one value on the stack. */
export interface Value<T extends ValueType> {
  readonly type: T;
  readonly code: readonly number[];
}

/** A parameter or local variable. Used as an expression, it gives its current value. */
export interface Local<T extends ValueType> extends Value<T> {
  readonly index: number;
}

export type I32 = Value<'i32'>;
export type F32 = Value<'f32'>;
export type V128 = Value<'v128'>;

/** LEB128, the encoding of every number in a module. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = (rest - low) / 128;
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
    bytes.push(isLast ? low : low | 128);
    if (isLast) return bytes;
  }
}

const floatBytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];

/** All relevant JavaScript engines are little-endian, as WebAssembly is. */
const repeat4 = (bytes: readonly number[]): number[] => [...bytes, ...bytes, ...bytes, ...bytes];

const value = <T extends ValueType>(type: T, ...code: number[]): Value<T> => ({ type, code });
const binary =
  <T extends ValueType, R extends ValueType>(result: R, ...opcode: number[]) =>
  (a: Value<T>, b: Value<T>): Value<R> =>
    value(result, ...a.code, ...b.code, ...opcode);
const unary =
  <T extends ValueType, R extends ValueType>(result: R, ...opcode: number[]) =>
  (a: Value<T>): Value<R> =>
    value(result, ...a.code, ...opcode);
export const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

/** Alignment is only a hint; all data here is aligned to at least four bytes. */
export const memory = (offset: number): number[] => [2, ...unsigned(offset)];

export const i32 = {
  const: (n: number): I32 => value('i32', 0x41, ...signed(n)),
  add: binary<'i32', 'i32'>('i32', 0x6a),
  sub: binary<'i32', 'i32'>('i32', 0x6b),
  mul: binary<'i32', 'i32'>('i32', 0x6c),
  divide: binary<'i32', 'i32'>('i32', 0x6e),
  remainder: binary<'i32', 'i32'>('i32', 0x70),
  shiftLeft: binary<'i32', 'i32'>('i32', 0x74),
  /** Unsigned, like `lessThan`. */
  shiftRight: binary<'i32', 'i32'>('i32', 0x76),
  lessThan: binary<'i32', 'i32'>('i32', 0x49),
  load: (address: I32, offset = 0): I32 => value('i32', ...address.code, 0x28, ...memory(offset)),
  select: (ifTrue: I32, ifFalse: I32, condition: I32): I32 =>
    value('i32', ...ifTrue.code, ...ifFalse.code, ...condition.code, 0x1b),
};

export const f32 = {
  const: (n: number): F32 => value('f32', 0x43, ...floatBytes(n)),
  add: binary<'f32', 'f32'>('f32', 0x92),
  mul: binary<'f32', 'f32'>('f32', 0x94),
  divide: binary<'f32', 'f32'>('f32', 0x95),
  max: binary<'f32', 'f32'>('f32', 0x97),
  sqrt: unary<'f32', 'f32'>('f32', 0x91),
  fromI32: unary<'i32', 'f32'>('f32', 0xb3),
  /** The float with the same 32 bits. */
  ofBits: unary<'i32', 'f32'>('f32', 0xbe),
  load: (address: I32, offset = 0): F32 => value('f32', ...address.code, 0x2a, ...memory(offset)),
};

export const f32x4 = {
  const: (n: number): V128 => value('v128', ...simd(0x0c), ...repeat4(floatBytes(n))),
  splat: unary<'f32', 'v128'>('v128', ...simd(0x13)),
  load: (address: I32, offset = 0): V128 => value('v128', ...address.code, ...simd(0x00), ...memory(offset)),
  /** Loads one number into all four lanes. */
  loadSplat: (address: I32, offset = 0): V128 =>
    value('v128', ...address.code, ...simd(0x09), ...memory(offset)),
  /** Selects four of the eight numbers of a and b. */
  shuffle: (a: V128, b: V128, from: readonly [number, number, number, number]): V128 =>
    value(
      'v128',
      ...a.code,
      ...b.code,
      ...simd(0x0d),
      ...from.flatMap((index) => [4 * index, 4 * index + 1, 4 * index + 2, 4 * index + 3]),
    ),
  lane: (a: V128, lane: number): F32 => value('f32', ...a.code, ...simd(0x1f), lane),
  abs: unary<'v128', 'v128'>('v128', ...simd(0xe0)),
  sqrt: unary<'v128', 'v128'>('v128', ...simd(0xe3)),
  add: binary<'v128', 'v128'>('v128', ...simd(0xe4)),
  sub: binary<'v128', 'v128'>('v128', ...simd(0xe5)),
  mul: binary<'v128', 'v128'>('v128', ...simd(0xe6)),
  divide: binary<'v128', 'v128'>('v128', ...simd(0xe7)),
  /** b if a < b, else a; so NaN if a is NaN. One instruction on x64, where f32x4.max takes many. */
  max: binary<'v128', 'v128'>('v128', ...simd(0xeb)),
  /** b if b < a, else a; so NaN if a is NaN. */
  min: binary<'v128', 'v128'>('v128', ...simd(0xea)),
  bitAnd: binary<'v128', 'v128'>('v128', ...simd(0x4e)),
  bitOr: binary<'v128', 'v128'>('v128', ...simd(0x50)),
  /** a × b + c. If `relaxed` (relaxed SIMD, f32x4.relaxed_madd), it is fused, with one rounding. */
  multiplyAdd: (a: V128, b: V128, c: V128, relaxed: boolean): V128 =>
    relaxed ? value('v128', ...a.code, ...b.code, ...c.code, ...simd(0x105)) : f32x4.add(f32x4.mul(a, b), c),
};

export const i32x4 = {
  const: (n: number): V128 =>
    value('v128', ...simd(0x0c), ...repeat4([...new Uint8Array(Int32Array.of(n).buffer)])),
  add: binary<'v128', 'v128'>('v128', ...simd(0xae)),
  shiftLeft: (a: V128, bits: number): V128 => value('v128', ...a.code, 0x41, ...signed(bits), ...simd(0xab)),
  /** Keeps the sign. */
  shiftRight: (a: V128, bits: number): V128 => value('v128', ...a.code, 0x41, ...signed(bits), ...simd(0xac)),
  /** For vectors of eight 16-bit numbers: multiplies element by element and adds neighbouring products in pairs. */
  dot: binary<'v128', 'v128'>('v128', ...simd(0xba)),
};

export const i16x8 = {
  /** Two vectors of four 32-bit numbers, clipped to 16 bits. */
  narrow: binary<'v128', 'v128'>('v128', ...simd(0x85)),
  extendLowUnsigned: unary<'v128', 'v128'>('v128', ...simd(0x89)),
  extendHighUnsigned: unary<'v128', 'v128'>('v128', ...simd(0x8a)),
};

export const u8x16 = {
  load: f32x4.load,
  /** Two vectors of eight signed 16-bit numbers, clipped to 0 … 255. */
  narrow: binary<'v128', 'v128'>('v128', ...simd(0x66)),
  /** Selects sixteen of the 32 bytes of a and b. */
  shuffle: (a: V128, b: V128, from: readonly number[]): V128 =>
    value('v128', ...a.code, ...b.code, ...simd(0x0d), ...from),
  /** Selects bytes by index; a null index gives 0. */
  pick: (a: V128, from: readonly (number | null)[]): V128 =>
    value('v128', ...a.code, ...simd(0x0c), ...from.map((index) => index ?? 0x80), ...simd(0x0e)),
};
