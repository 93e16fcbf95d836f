/** Bytes a second over the last few: a download that stops or speeds up shows it soon, and a single piece does not. */
const windowMs = 5000;
/** Less time than this tells nothing. */
const leastMs = 800;

export function createRateMeter(now: () => number): {
  /** @returns bytes a second, or null where it is too early to tell */
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
