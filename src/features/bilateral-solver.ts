/**
 * The fast bilateral solver (Barron and Poole, 2016): makes a mask follow the edges of its photograph. It asks for
 * values that are near the mask's, and nearly equal for pixels that are near each other in place and colour. Pixels of
 * one cell of a coarse grid over x, y, brightness and two colour differences are one unknown. Constants are TokenCut's.
 */
import type { Size } from '../core/geometry.ts';
import { dot } from './lanczos.ts';

export interface RgbPixels extends Size {
  /** shape [height, width, 3], 0..255 */
  readonly values: ArrayLike<number>;
}

/** The side of a cell along x and y, in px. */
const spatialPx = 16;
/** The side of a cell in levels of brightness, of 255. */
const lumaLevels = 16;
/** The side of a cell in levels of each colour difference, of 255. */
const chromaLevels = 8;
/** How much more equal values of near pixels weigh than the mask. */
const smoothness = 256;
/** How far the mask is believed, the same for each pixel. */
const confidence = 0.999;
const balancingRounds = 10;
const leastDiagonal = 1e-5;
const mostIterations = 25;
/** The residual, as a share of the right side, at which the iteration ends. */
const tolerance = 1e-5;

/** Places of the five coordinates in a key, so that no step to a neighbour reaches into another coordinate. */
const strides = [1, 2 ** 12, 2 ** 24, 2 ** 32, 2 ** 40] as const;

/** Which cell each pixel is in, and which cells are beside each other. Only cells with pixels exist. */
interface BilateralGrid {
  readonly cells: number;
  /** shape [height × width] */
  readonly cellOf: Int32Array;
  /** The neighbours of cell i are beside[first[i]], … up to beside[first[i + 1]]; at most two a dimension. */
  readonly first: Int32Array;
  readonly beside: Int32Array;
}

/**
 * The cell of a pixel, as one number. Brightness and colour differences (JPEG's) are sums of whole millionths: many
 * pixels are grey, so they lie exactly on the border of two cells, and rounding must not choose between them.
 */
function keyOf(x: number, y: number, red: number, green: number, blue: number): number {
  const luma = 299_000 * red + 587_000 * green + 114_000 * blue;
  const towardsBlue = 128_000_000 - 168_736 * red - 331_264 * green + 500_000 * blue;
  const towardsRed = 128_000_000 + 500_000 * red - 418_688 * green - 81_312 * blue;
  return (
    strides[0] * Math.floor(x / spatialPx) +
    strides[1] * Math.floor(y / spatialPx) +
    strides[2] * Math.floor(luma / (lumaLevels * 1e6)) +
    strides[3] * Math.floor(towardsBlue / (chromaLevels * 1e6)) +
    strides[4] * Math.floor(towardsRed / (chromaLevels * 1e6))
  );
}

function createGrid({ height, width, values }: RgbPixels): BilateralGrid {
  const numbers = new Map<number, number>();
  const cellOf = new Int32Array(height * width);
  for (let pixel = 0; pixel < cellOf.length; pixel++) {
    const [red, green, blue] = [values[3 * pixel], values[3 * pixel + 1], values[3 * pixel + 2]];
    const x = pixel % width;
    const key = keyOf(x, (pixel - x) / width, red as number, green as number, blue as number);
    let cell = numbers.get(key);
    if (cell === undefined) {
      cell = numbers.size;
      numbers.set(key, cell);
    }
    cellOf[pixel] = cell;
  }
  const cells = numbers.size;
  const first = new Int32Array(cells + 1);
  const beside = new Int32Array(2 * strides.length * cells);
  let count = 0;
  // The map gives its keys in the order of their numbers.
  for (const [key, cell] of numbers) {
    for (const stride of strides)
      for (const other of [numbers.get(key - stride), numbers.get(key + stride)])
        if (other !== undefined) beside[count++] = other;
    first[cell + 1] = count;
  }
  return { cells, cellOf, first, beside };
}

/** Sums the values of the pixels of each cell. @param values shape [height × width] @returns shape [cells] */
function sumInCells({ cells, cellOf }: BilateralGrid, values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(cells);
  for (let pixel = 0; pixel < cellOf.length; pixel++) {
    const cell = cellOf[pixel] as number;
    sums[cell] = (sums[cell] as number) + (values[pixel] as number);
  }
  return sums;
}

/** Adds neighbours along each of the five dimensions, with weights 1 2 1. @param x shape [cells] */
function blur({ cells, first, beside }: BilateralGrid, x: Float64Array): Float64Array {
  const blurred = new Float64Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    let sum = 2 * strides.length * (x[cell] as number);
    const end = first[cell + 1] as number;
    for (let at = first[cell] as number; at < end; at++) sum += x[beside[at] as number] as number;
    blurred[cell] = sum;
  }
  return blurred;
}

export interface BilateralSolver {
  /**
   * @param target shape [height × width], 0..1
   * @returns shape [height × width], about 0..1
   */
  solve(target: ArrayLike<number>): Promise<Float64Array>;
}

/**
 * @param afterStep called after each iteration, so that the caller can yield or cancel
 * @throws what `afterStep` throws
 */
export async function createBilateralSolver(
  image: RgbPixels,
  afterStep: () => Promise<void> = () => Promise.resolve(),
): Promise<BilateralSolver> {
  const grid = createGrid(image);
  const { cells, cellOf } = grid;
  await afterStep();
  const pixelsIn = sumInCells(grid, new Float64Array(cellOf.length).fill(1));
  // Scales that make the blurred grid's rows and columns sum to nearly the same.
  let scale = new Float64Array(cells).fill(1);
  for (let round = 0; round < balancingRounds; round++) {
    const blurred = blur(grid, scale);
    scale = scale.map((value, i) => Math.sqrt((value * (pixelsIn[i] as number)) / (blurred[i] as number)));
    await afterStep();
  }
  const balanced = blur(grid, scale).map((value, i) => value * (scale[i] as number));
  const weight = pixelsIn.map((count) => count * confidence);
  const diagonal = Float64Array.from({ length: cells }, (_, i) => {
    const own = 2 * strides.length * (scale[i] as number) ** 2;
    return Math.max(leastDiagonal, smoothness * ((balanced[i] as number) - own) + (weight[i] as number));
  });
  const multiply = (x: Float64Array): Float64Array => {
    const blurred = blur(
      grid,
      x.map((value, i) => value * (scale[i] as number)),
    );
    return x.map(
      (value, i) =>
        smoothness * ((balanced[i] as number) * value - (scale[i] as number) * (blurred[i] as number)) +
        (weight[i] as number) * value,
    );
  };
  return {
    async solve(target) {
      const right = sumInCells(grid, target).map((sum) => sum * confidence);
      const start = right.map((sum, i) => sum / (weight[i] as number));
      const solved = await conjugateGradients(multiply, right, { start, diagonal, afterStep });
      return Float64Array.from(cellOf, (cell) => solved[cell] as number);
    },
  };
}

interface GradientOptions {
  readonly start: Float64Array;
  /** Of the matrix; dividing by it makes the steps shorter (Jacobi's preconditioner). */
  readonly diagonal: Float64Array;
  readonly afterStep: () => Promise<void>;
}

/** a + factor · b */
const plus = (a: Float64Array, b: Float64Array, factor: number): Float64Array =>
  a.map((value, i) => value + factor * (b[i] as number));

/** Solves M x = right for a symmetric, positive definite M (Golub and Van Loan, 11.5), or comes near in `mostIterations`. */
async function conjugateGradients(
  multiply: (x: Float64Array) => Float64Array,
  right: Float64Array,
  { start, diagonal, afterStep }: GradientOptions,
): Promise<Float64Array> {
  let x: Float64Array = start;
  let residual: Float64Array = plus(right, multiply(x), -1);
  let direction: Float64Array | null = null;
  let before = 0;
  const enough = tolerance * Math.sqrt(dot(right, right));
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    if (Math.sqrt(dot(residual, residual)) <= enough) break;
    const eased = residual.map((value, i) => value / (diagonal[i] as number));
    const now = dot(residual, eased);
    direction = direction === null ? eased : plus(eased, direction, now / before);
    const moved = multiply(direction);
    const length = now / dot(direction, moved);
    x = plus(x, direction, length);
    residual = plus(residual, moved, -length);
    before = now;
    await afterStep();
  }
  return x;
}
