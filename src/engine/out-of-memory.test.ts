import { expect, test } from 'vitest';
import { failureOfComputing, isOutOfMemory } from './out-of-memory.ts';

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

/** (module (func (export "f") unreachable)) */
const trapping = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 10, 5, 1, 3, 0, 0,
  0x0b,
]);

test.each([
  ['an array that this engine has no room for', thrownBy(() => new ArrayBuffer(2 ** 53 - 1))],
  ['a typed array longer than any may be', thrownBy(() => new Float32Array(2 ** 45))],
  ['V8 of wasm', new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded')],
  ['V8 of wasm', new RangeError('WebAssembly.Memory(): could not allocate memory')],
  ['Firefox', new Error('out of memory')],
  ['Firefox', new RangeError('failed to grow memory')],
  ['Safari', new RangeError('Out of memory')],
  ['Emscripten', new Error('Aborted(Cannot enlarge memory arrays to size 2 (OOM))')],
])('%s: memory ran out', (_, error) => {
  expect(failureOfComputing(error)).toEqual({ code: 'out-of-memory', tokens: null });
});

test.each([
  ['an array of a length that cannot be', thrownBy(() => ([].length = -1))],
  ['a typed array of a length that cannot be', thrownBy(() => new Float32Array(-1))],
  ['a wasm program that trapped', new WebAssembly.RuntimeError('memory access out of bounds')],
  ['an operation that has no kernel', new Error('Kernel Foo not registered for backend wasm')],
])('%s is a bug', (_, error) => {
  expect(isOutOfMemory(error)).toBe(false);
});

test('a real trap is a bug', async () => {
  const { instance } = await WebAssembly.instantiate(trapping);
  const error = thrownBy(instance.exports['f'] as () => void);
  expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
  expect(failureOfComputing(error)).toBeNull();
});
