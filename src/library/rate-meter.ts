/** Bytes a second over the last few seconds: it follows changes soon, but not every single piece. */
const windowMs = 5000;
/** A shorter time is not measured. */
const leastMs = 800;

export function createRateMeter(now: () => number): {
  /** @returns bytes a second, or null while there is too little to measure */
  advance(loadedBytes: number): number | null;
} {
  let marks: { readonly at: number; readonly loadedBytes: number }[] = [];
  return {
    advance(loadedBytes) {
      const at = now();
      marks = [...marks.filter((mark) => at - mark.at <= windowMs), { at, loadedBytes }];
      const [first] = marks;
      if (first === undefined || at - first.at < leastMs) return null;
      return (1000 * (loadedBytes - first.loadedBytes)) / (at - first.at);
    },
  };
}
