import { expect, test } from 'vitest';
import type { BackendChoice } from '../../core/backend.ts';
import type { BackendName, Failure } from '../../core/failure.ts';
import { otherBackend } from './other-backend.ts';

const unavailable = (backend: BackendName): Failure => ({
  code: 'backend-unavailable',
  backend,
  reason: 'it did not start',
});
const lost: Failure = { code: 'device-lost', message: '' };
const crashed: Failure = { code: 'worker-crashed', message: '' };

test.each<[string, Failure, BackendName | null, BackendChoice, BackendName | null]>([
  ['WebGPU that does not open', unavailable('webgpu'), null, 'webgpu', 'wasm'],
  ['wasm that does not open', unavailable('wasm'), null, 'wasm', 'cpu'],
  ['wasm that does not open after WebGPU ran', unavailable('wasm'), 'webgpu', 'wasm', 'cpu'],
  ['everything that there is', unavailable('cpu'), null, 'auto', null],
  ['JavaScript that somebody asked for', unavailable('cpu'), null, 'cpu', 'wasm'],
  ['a device lost again and again', lost, 'webgpu', 'auto', 'wasm'],
  ['a worker that crashes on wasm', crashed, 'wasm', 'auto', 'cpu'],
  ['a worker that crashes on JavaScript', crashed, 'cpu', 'auto', null],
  ['a worker that crashes before anything ran', crashed, null, 'auto', 'wasm'],
  ['a model that is not there', { code: 'model-unreachable', url: 'x', status: 404 }, 'webgpu', 'auto', null],
])('after %s', (_, failure, used, choice, expected) => {
  expect(otherBackend(failure, used, choice)).toBe(expected);
});
