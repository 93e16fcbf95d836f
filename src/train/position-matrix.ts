import * as tf from '@tensorflow/tfjs-core';
import { positionResampling, trainedGrid, type VitArchitecture } from '../core/architecture.ts';
import { gridOf } from '../vit/layers.ts';
import { interpolatePositionEmbedding } from '../vit/position-embedding.ts';

/**
 * Interpolation is linear in the embeddings, so for one crop size it is a constant matrix, which has a gradient. It is what
 * `interpolatePositionEmbedding` makes of the unit vectors: the same taps, written once.
 * @returns shape [1 + rows × columns, 1 + trained rows × trained columns]; null where the crop's grid is the trained one
 */
export function positionMatrixFor(architecture: VitArchitecture, sidePx: number): tf.Tensor2D | null {
  const { gridSize, patchSize } = architecture;
  const { rows, columns } = gridOf({ height: sidePx, width: sidePx }, patchSize);
  const grid = trainedGrid(architecture);
  if (rows === grid.rows && columns === grid.columns) return null;
  const trained = 1 + grid.rows * grid.columns;
  const units = new Float32Array(trained * trained);
  for (let i = 0; i < trained; i++) units[i * trained + i] = 1;
  const matrix = interpolatePositionEmbedding(
    units,
    { gridSize, embedDim: trained },
    { rows, columns },
    positionResampling(architecture),
  );
  return tf.tensor2d(matrix, [1 + rows * columns, trained]);
}
