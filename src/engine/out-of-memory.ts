/** What tfjs and the browsers throw when memory ends; the wasm heap is unusable afterwards. */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return (
    error instanceof Error &&
    /out of memory|enlarge memory|\boom\b|allocation|array length|array buffer/i.test(error.message)
  );
}
