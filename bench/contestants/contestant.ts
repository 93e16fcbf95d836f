/** One way to run a network. It is opened once and run many times. Each contestant has its own thread or process. */
import {
  elementCount,
  parameterShapes,
  type NamedTensor,
  type VitArchitecture,
} from '../../src/core/architecture.ts';

/** The input of all contestants, identical to the bit. */
export interface Task {
  readonly architecture: VitArchitecture;
  readonly height: number;
  readonly width: number;
  /** All parameters one after another, in the official order. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** shape [height, width, 3] */
  readonly input: Float32Array<ArrayBuffer>;
}

interface Pass {
  /** shape [H, T − 1]: CLS's row of the last block, patches only */
  readonly maps: Float32Array;
  /** Time from the input in JavaScript to the result in JavaScript. */
  readonly passMs: number;
}

export interface Contestant {
  /** The device's own description. */
  readonly device: string;
  run(): Promise<Pass>;
}

/** Splits the content of a weights file into named parameters. */
export function namedParameters(
  architecture: VitArchitecture,
  weights: Float32Array<ArrayBuffer>,
): Map<string, NamedTensor> {
  const named = new Map<string, NamedTensor>();
  let at = 0;
  for (const [name, shape] of parameterShapes(architecture)) {
    const end = at + elementCount(shape);
    named.set(name, { shape, values: weights.subarray(at, end) });
    at = end;
  }
  return named;
}
