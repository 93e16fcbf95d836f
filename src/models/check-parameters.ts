import { parameterShapes, type VitArchitecture } from '../core/architecture.ts';
import type { Failure, ShapeMismatch } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((side, axis) => side === b[axis]);

/** @returns success where `shapes` are exactly the architecture's parameters, else every difference at once */
export function checkParameters(
  architecture: VitArchitecture,
  shapes: ReadonlyMap<string, readonly number[]>,
): Result<void, Failure> {
  const expected = parameterShapes(architecture);
  const missing = [...expected.keys()].filter((name) => !shapes.has(name));
  const unexpected = [...shapes.keys()].filter((name) => !expected.has(name));
  const misshaped = [...shapes].flatMap(([name, actual]): ShapeMismatch[] => {
    const wanted = expected.get(name);
    return wanted === undefined || sameShape(wanted, actual) ? [] : [{ name, expected: wanted, actual }];
  });
  return missing.length + unexpected.length + misshaped.length === 0
    ? succeed(undefined)
    : fail({ code: 'model-parameters-mismatch', missing, unexpected, misshaped });
}
