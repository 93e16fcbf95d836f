/**
 * Position embeddings for other sizes than the trained grid, each as the official code of its network makes them
 * (interpolate_pos_encoding in vision_transformer.py of facebookresearch/dino and facebookresearch/dinov2).
 */
import { trainedGrid, type PositionResampling, type VitArchitecture } from '../core/architecture.ts';
import type { PatchGrid } from '../core/geometry.ts';

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** The cubic convolution kernel at a distance of x ≥ 0. */
const cubic = (x: number, a: number): number => {
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
};

/**
 * One axis without antialiasing: four taps each. The official scale factor has 0.1 added to guard against rounding,
 * which moves every sampled coordinate. Coordinates in float32, as PyTorch computes them.
 */
function offsetTaps(inputLength: number, outputLength: number): Tap[][] {
  const step = Math.fround(inputLength / (outputLength + 0.1));
  return Array.from({ length: outputLength }, (_, output) => {
    const at = Math.fround(step * (output + 0.5) - 0.5);
    const base = Math.floor(at);
    return [-1, 0, 1, 2].map((tap) => ({
      index: Math.min(inputLength - 1, Math.max(0, base + tap)),
      weight: Math.fround(cubic(Math.abs(at - base - tap), -0.75)),
    }));
  });
}

/**
 * One axis with antialiasing: where the size shrinks, the kernel is wider; at the edges the weights are normalised
 * over the taps that exist.
 */
function antialiasedTaps(inputLength: number, outputLength: number): Tap[][] {
  const step = Math.fround(inputLength / outputLength);
  const widening = Math.max(1, step);
  const support = 2 * widening;
  return Array.from({ length: outputLength }, (_, output) => {
    const centre = step * (output + 0.5);
    const begin = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inputLength, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: end - begin }, (__, tap) =>
      cubic(Math.abs((begin + tap - centre + 0.5) / widening), -0.5),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, tap) => ({ index: begin + tap, weight: weight / total }));
  });
}

const tapsBy: Readonly<Record<PositionResampling, typeof offsetTaps>> = {
  offset: offsetTaps,
  antialiased: antialiasedTaps,
};

/**
 * @param embedding `pos_embed`, shape [1 + trained rows × trained columns, embedDim], the CLS token's first
 * @returns shape [1 + rows × columns, embedDim]; `embedding` itself where the grid is the trained one
 */
export function interpolatePositionEmbedding(
  embedding: Float32Array,
  { gridSize, embedDim }: Pick<VitArchitecture, 'gridSize' | 'embedDim'>,
  { rows, columns }: PatchGrid,
  resampling: PositionResampling,
): Float32Array {
  const trained = trainedGrid({ gridSize });
  if (rows === trained.rows && columns === trained.columns) return embedding;
  const down = tapsBy[resampling](trained.rows, rows);
  const across = tapsBy[resampling](trained.columns, columns);
  const result = new Float32Array((1 + rows * columns) * embedDim);
  result.set(embedding.subarray(0, embedDim));
  for (const [row, rowTaps] of down.entries()) {
    for (const [column, columnTaps] of across.entries()) {
      const to = (1 + row * columns + column) * embedDim;
      for (const r of rowTaps) {
        for (const c of columnTaps) {
          const from = (1 + r.index * trained.columns + c.index) * embedDim;
          const weight = r.weight * c.weight;
          for (let channel = 0; channel < embedDim; channel++)
            result[to + channel] =
              (result[to + channel] as number) + weight * (embedding[from + channel] as number);
        }
      }
    }
  }
  return result;
}
