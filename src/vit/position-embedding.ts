/**
 * Position embeddings for other sizes than the trained grid, as the official code makes them
 * (facebookresearch/dino, vision_transformer.py, interpolate_pos_encoding): bicubic with a = −0.75, and a scale factor of
 * (side + 0.1) / grid, whose 0.1 was meant against rounding but moves every sampled coordinate. Reproduced exactly.
 */

/** One axis: four taps for each of `outputLength` positions. Coordinates in float32, as PyTorch computes them. */
function cubicTaps(inputLength: number, outputLength: number): { index: number; weight: number }[][] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  const step = Math.fround(inputLength / (outputLength + 0.1));
  return Array.from({ length: outputLength }, (_, output) => {
    const at = Math.fround(step * (output + 0.5) - 0.5);
    const base = Math.floor(at);
    const t = at - base;
    return [far(t + 1), near(t), near(1 - t), far(2 - t)].map((weight, tap) => ({
      index: Math.min(inputLength - 1, Math.max(0, base - 1 + tap)),
      weight: Math.fround(weight),
    }));
  });
}

/**
 * @param embedding `pos_embed`, shape [1 + gridSize², embedDim], the CLS token's first
 * @returns shape [1 + rows × columns, embedDim]; `embedding` itself where the grid is the trained one
 */
export function interpolatePositionEmbedding(
  embedding: Float32Array,
  gridSize: number,
  embedDim: number,
  rows: number,
  columns: number,
): Float32Array {
  if (rows === gridSize && columns === gridSize) return embedding;
  const down = cubicTaps(gridSize, rows);
  const across = cubicTaps(gridSize, columns);
  const result = new Float32Array((1 + rows * columns) * embedDim);
  result.set(embedding.subarray(0, embedDim));
  for (const [row, rowTaps] of down.entries()) {
    for (const [column, columnTaps] of across.entries()) {
      const to = (1 + row * columns + column) * embedDim;
      for (const r of rowTaps) {
        for (const c of columnTaps) {
          const from = (1 + r.index * gridSize + c.index) * embedDim;
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
