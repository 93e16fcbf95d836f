/**
 * The result of something that may fail in an expected way. Bugs throw; mistakes of people and failures of machines
 * are returned as this.
 */
export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const succeed = <T>(value: T): Result<T, never> => ({ ok: true, value });

export const fail = <const E>(error: E): Result<never, E> => ({ ok: false, error });

/** Closes an exhaustive switch: a case that is missing fails to compile. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
