/** The sizes of pictures that a configuration mentions: timm's `img_size` and `input_size`, Hugging Face's `image_size`. */
import type { Size } from '../core/geometry.ts';

export const sizeNames: ReadonlySet<string> = new Set(['img_size', 'image_size', 'input_size']);

/** Deeper than any real configuration. */
const maxDepth = 12;
const maxParts = 100_000;

const isSide = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;

/** @returns null where it is neither a side, nor [height, width], nor [channels, height, width], nor {height, width} */
function sizeOf(value: unknown): Size | null {
  if (isSide(value)) return { height: value, width: value };
  const [height, width] = Array.isArray(value)
    ? value.length === 2 || value.length === 3
      ? (value.slice(-2) as unknown[])
      : []
    : typeof value === 'object' && value !== null
      ? [(value as Partial<Size>).height, (value as Partial<Size>).width]
      : [];
  return isSide(height) && isSide(width) ? { height, width } : null;
}

/** @param values that stand under these names in a checkpoint @returns those that are sizes */
export const sizesAmong = (values: readonly unknown[]): readonly Size[] =>
  values.flatMap((value) => sizeOf(value) ?? []);

/** @param config whatever JSON says @returns every size that it mentions */
export function findImageSizes(config: unknown): readonly Size[] {
  const sizes: Size[] = [];
  const pending: { readonly part: unknown; readonly depth: number }[] = [{ part: config, depth: 0 }];
  for (let next = 0; next < pending.length && next < maxParts; next++) {
    const { part, depth } = pending[next] ?? { part: null, depth: 0 };
    if (typeof part !== 'object' || part === null || depth > maxDepth) continue;
    for (const [name, value] of Object.entries(part)) {
      const size = sizeNames.has(name) ? sizeOf(value) : null;
      if (size !== null) sizes.push(size);
      else if (typeof value === 'object' && value !== null) pending.push({ part: value, depth: depth + 1 });
    }
  }
  return sizes;
}
