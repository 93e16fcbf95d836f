/**
 * Writes a WebAssembly module from TypeScript. Our SIMD kernels, like the WGSL ones, are unrolled for tile sizes and
 * generated for the features of the engine (fused multiply-add or not). They need no compiler other than the browser's
 * own.
 */
import {
  i32,
  memory,
  simd,
  unsigned,
  type F32,
  type I32,
  type Local,
  type V128,
  type Value,
  type ValueType,
} from './wasm-values.ts';

/** A function without a result that other functions of its module may call. */
export interface FunctionReference {
  readonly index: number;
  readonly parameters: readonly ValueType[];
}

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const noResult = 0x40;

/** Collects the code of a function while it is written. */
export class FunctionWriter {
  private readonly locals: ValueType[] = [];
  private readonly body: number[] = [];
  private readonly parameterCount: number;

  constructor(parameterCount: number) {
    this.parameterCount = parameterCount;
  }

  local<T extends ValueType>(type: T, start?: Value<T>): Local<T> {
    const index = this.parameterCount + this.locals.length;
    this.locals.push(type);
    const local = { type, index, code: [0x20, ...unsigned(index)] };
    if (start !== undefined) this.set(local, start);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, to: Value<T>): void {
    this.body.push(...to.code, 0x21, ...unsigned(local.index));
  }

  storeV128(address: I32, what: V128, offset = 0): void {
    this.body.push(...address.code, ...what.code, ...simd(0x0b), ...memory(offset));
  }

  storeF32(address: I32, what: F32, offset = 0): void {
    this.body.push(...address.code, ...what.code, 0x38, ...memory(offset));
  }

  /** Stores one lane: four of the sixteen bytes. */
  storeLane32(address: I32, what: V128, lane: number, offset = 0): void {
    this.body.push(...address.code, ...what.code, ...simd(0x5a), ...memory(offset), lane);
  }

  /** Runs `body` while `condition` holds; it is checked before each run. */
  while(condition: I32, body: () => void): void {
    this.when(condition, () => {
      this.body.push(0x03, noResult);
      body();
      this.body.push(...condition.code, 0x0d, 0, 0x0b);
    });
  }

  /** Counts `index` from its current value in steps of `step`, while it is below `end`. */
  count(index: Local<'i32'>, end: I32, step: I32, body: () => void): void {
    this.while(i32.lessThan(index, end), () => {
      body();
      this.set(index, i32.add(index, step));
    });
  }

  when(condition: I32, then: () => void, otherwise?: () => void): void {
    this.body.push(...condition.code, 0x04, noResult);
    then();
    if (otherwise !== undefined) {
      this.body.push(0x05);
      otherwise();
    }
    this.body.push(0x0b);
  }

  call(callee: FunctionReference, ...values: readonly Value<ValueType>[]): void {
    const given = values.map(({ type }) => type).join(', ');
    const wanted = callee.parameters.join(', ');
    // Otherwise an engine would refuse the whole module, and we would conclude that it has no SIMD.
    if (given !== wanted) throw new Error(`(${given}) for a function of (${wanted})`);
    this.body.push(...values.flatMap(({ code }) => code), 0x10, ...unsigned(callee.index));
  }

  encode(): number[] {
    const locals = this.locals.flatMap((type) => [1, typeCodes[type]]);
    const code = [...unsigned(this.locals.length), ...locals, ...this.body, 0x0b];
    return [...unsigned(code.length), ...code];
  }
}

type Locals<Types extends readonly ValueType[]> = { [Index in keyof Types]: Local<Types[Index]> };

const section = (id: number, items: readonly (readonly number[])[]): number[] => {
  const body = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(body.length), ...body];
};

const nameBytes = (name: string): number[] => {
  const bytes = [...new TextEncoder().encode(name)];
  return [...unsigned(bytes.length), ...bytes];
};

const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module that uses an existing memory, imported as `env.memory`. */
export class ModuleWriter {
  private readonly types: number[][] = [];
  private readonly functions: number[][] = [];
  private readonly exports: number[][] = [];

  /** @param exportName null for a function that only the module itself calls */
  define<const Types extends readonly ValueType[]>(
    exportName: string | null,
    parameterTypes: Types,
    write: (writer: FunctionWriter, ...parameters: Locals<Types>) => void,
  ): FunctionReference {
    const index = this.functions.length;
    const parameters = parameterTypes.map((type, i) => ({ type, index: i, code: [0x20, ...unsigned(i)] }));
    const writer = new FunctionWriter(parameters.length);
    write(writer, ...(parameters as unknown as Locals<Types>));
    this.types.push([
      0x60,
      ...unsigned(parameters.length),
      ...parameterTypes.map((type) => typeCodes[type]),
      0,
    ]);
    this.functions.push(writer.encode());
    if (exportName !== null) this.exports.push([...nameBytes(exportName), 0, ...unsigned(index)]);
    return { index, parameters: parameterTypes };
  }

  /** @param sharedMemory whether threads share the memory; it is then at most 4 GiB, as tfjs's is */
  encode(sharedMemory: boolean): Uint8Array<ArrayBuffer> {
    const limits = sharedMemory ? [3, 0, ...unsigned(65_536)] : [0, 0];
    return Uint8Array.from([
      ...magicAndVersion,
      ...section(1, this.types),
      ...section(2, [[...nameBytes('env'), ...nameBytes('memory'), 2, ...limits]]),
      ...section(
        3,
        this.functions.map((_, index) => unsigned(index)),
      ),
      ...section(7, this.exports),
      ...section(10, this.functions),
    ]);
  }
}
