/** L-BFGS with a line search that halves the step (Nocedal and Wright, Numerical Optimization, 7.2 and 3.1). */

export interface Evaluated {
  readonly value: number;
  /** In the shape of the point. */
  readonly gradient: Float64Array;
}

export interface LbfgsOptions {
  readonly maxSteps: number;
  /** It ends where no entry of the gradient is larger. */
  readonly tolerance: number;
  /** Called after each step; throw to stop. */
  readonly afterStep?: (step: number, value: number) => Promise<void> | void;
}

/** Pairs of steps and changes of the gradient that are remembered. */
const memory = 10;
/** The share of the decrease that the slope promises which a step must have (Armijo). */
const leastDecrease = 1e-4;
const maxHalvings = 30;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

const addScaled = (to: Float64Array, factor: number, x: Float64Array): void => {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + factor * (x[i] as number);
};

const largestOf = (x: Float64Array): number => x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The two loops: the gradient times an estimate of the inverse Hessian, downwards. */
function directionOf(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const alphas = pairs.map(() => 0);
  for (let at = pairs.length - 1; at >= 0; at--) {
    const { step, change, product } = pairs[at] as Pair;
    const alpha = dot(step, direction) / product;
    alphas[at] = alpha;
    addScaled(direction, -alpha, change);
  }
  const last = pairs.at(-1);
  const scale =
    last === undefined ? 1 / Math.max(1, largestOf(gradient)) : last.product / dot(last.change, last.change);
  for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] as number) * scale;
  for (const [at, { step, change, product }] of pairs.entries())
    addScaled(direction, (alphas[at] as number) - dot(change, direction) / product, step);
  return direction;
}

/**
 * @param evaluate a smooth function and its gradient
 * @param start is not changed
 * @returns the lowest point that was found, and its value
 * @throws what `evaluate` and `afterStep` throw
 */
export async function minimise(
  evaluate: (point: Float64Array) => Promise<Evaluated>,
  start: Float64Array,
  { maxSteps, tolerance, afterStep = () => {} }: LbfgsOptions,
): Promise<{ readonly point: Float64Array; readonly value: number }> {
  let point = start;
  let now = await evaluate(point);
  const pairs: Pair[] = [];
  for (let step = 1; step <= maxSteps && largestOf(now.gradient) > tolerance; step++) {
    const direction = directionOf(now.gradient, pairs);
    const slope = dot(direction, now.gradient);
    let [length, halvings] = [1, 0];
    let next = point;
    let then: Evaluated;
    for (;;) {
      next = point.slice();
      addScaled(next, length, direction);
      then = await evaluate(next);
      if (then.value <= now.value + leastDecrease * length * slope || halvings === maxHalvings) break;
      length /= 2;
      halvings += 1;
    }
    // Rounding hides any further decrease.
    if (!(then.value < now.value)) break;
    const taken = next.map((value, i) => value - (point[i] as number));
    const change = then.gradient.map((value, i) => value - (now.gradient[i] as number));
    const product = dot(taken, change);
    if (product > 0) pairs.push({ step: taken, change, product });
    if (pairs.length > memory) pairs.shift();
    point = next;
    now = then;
    await afterStep(step, now.value);
  }
  return { point, value: now.value };
}
