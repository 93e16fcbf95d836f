/** One way to run a network, opened once and run many times; each lives in a thread or process of its own. */
import {
  elementCount,
  parameterShapes,
  type NamedTensor,
  type VitArchitecture,
} from '../../src/core/architecture.ts';

/** What all contestants are given, to the bit. */
export interface Task {
  readonly architecture: VitArchitecture;
  readonly height: number;
  readonly width: number;
  /** All parameters, one after the other, in the official order. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** shape [height, width, 3] */
  readonly input: Float32Array<ArrayBuffer>;
}

interface Pass {
  /** shape [H, T − 1]: CLS's row of the last block, patches only */
  readonly maps: Float32Array;
  /** From the input in JavaScript to the result in JavaScript. */
  readonly passMs: number;
}

export interface Contestant {
  /** What it runs on, in its own words. */
  readonly device: string;
  run(): Promise<Pass>;
}

/** A weights file as named parameters. */
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
