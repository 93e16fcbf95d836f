import { afterEach, expect, test, vi } from 'vitest';
import { createSha256, hashBytes, hashFile } from './sha256.ts';

// NIST's example of a million times the letter a.
const million = new Blob(['a'.repeat(1_000_000)]);
const expected = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';

afterEach(() => vi.unstubAllGlobals());

test('bytes in pieces hash as the whole', () => {
  const hash = createSha256();
  for (let i = 0; i < 1000; i++) hash.update(new Uint8Array(1000).fill(0x61));
  expect(hash.hex()).toBe(expected);
});

test('a file hashes the same with the browser’s own and without', async () => {
  expect(await hashFile(million, () => true)).toBe(expected);
  vi.stubGlobal('crypto', undefined);
  expect(await hashFile(million, () => true)).toBe(expected);
});

test('bytes that are there hash the same with the browser’s own and without, a part of a buffer too', async () => {
  const bytes = new Uint8Array(1_000_004).fill(0x61).subarray(2, 1_000_002);
  expect(await hashBytes(bytes)).toBe(expected);
  vi.stubGlobal('crypto', {});
  expect(await hashBytes(bytes)).toBe(expected);
});

test('a file that nobody wants any more is let go of', async () => {
  expect(await hashFile(million, () => false)).toBeNull();
  vi.stubGlobal('crypto', {});
  expect(await hashFile(million, () => false)).toBeNull();
});
