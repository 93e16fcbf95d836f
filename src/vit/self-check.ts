/**
 * Compares this back end with PyTorch, once at the start, on a network that takes a few milliseconds and in which
 * every term changes the result (self-check.json is made by tools/reference).
 */
import { elementCount, parseArchitecture, type NamedTensor } from '../core/architecture.ts';
import { bytesOfBase64, floatsOfBase64 } from '../core/base64.ts';
import { decodeFloat16 } from '../core/float16.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { attendSpecial } from './attend.ts';
import { uploadParameters } from './parameters.ts';
import fixture from './self-check.json';

/** Another order of summation moves these attentions by about 1e-7; the smallest dropped term by more than 1e-3. */
export const selfCheckTolerance = 1e-4;

function fixtureParameters(): Map<string, NamedTensor> {
  const values = decodeFloat16(bytesOfBase64(fixture.weights));
  const parameters = new Map<string, NamedTensor>();
  let offset = 0;
  for (const { name, shape } of fixture.parameters) {
    const end = offset + elementCount(shape);
    parameters.set(name, { shape, values: values.slice(offset, end) });
    offset = end;
  }
  return parameters;
}

/**
 * Runs the page's own forward pass on the current back end.
 * @returns the largest difference from PyTorch's attention; NaN or Infinity where the numbers are useless
 * @throws FailureError on a fault of the device
 */
export async function selfCheck(faults: FaultWatch): Promise<number> {
  const architecture = parseArchitecture(fixture.architecture);
  if (typeof architecture === 'string') throw new Error(architecture);
  const parameters = uploadParameters(architecture, fixtureParameters());
  try {
    const { maps } = await attendSpecial(parameters, floatsOfBase64(fixture.input.values), fixture.input, {
      faults,
      afterBlock: () => Promise.resolve(),
    });
    const expected = floatsOfBase64(fixture.attention.values);
    return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (maps[i] ?? NaN))), 0);
  } finally {
    parameters.dispose();
  }
}
