/**
 * A block's layers for a few tokens on plain arrays, in float64, without a device: what a device's numbers are
 * compared with.
 */

/** A linear layer: a matrix [inputs, outputs], row by row, and a bias. */
export interface PlainLinear {
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number> | null;
}

export interface PlainNorm {
  readonly gain: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

export const linearRow = (x: Float64Array, { weight, bias }: PlainLinear): Float64Array => {
  const outputs = weight.length / x.length;
  const y = new Float64Array(outputs);
  if (bias !== null) y.set(bias);
  for (let input = 0; input < x.length; input++) {
    const value = x[input] as number;
    const row = input * outputs;
    for (let output = 0; output < outputs; output++)
      y[output] = (y[output] as number) + value * (weight[row + output] as number);
  }
  return y;
};

export function layerNormRow(x: Float64Array, { gain, bias }: PlainNorm, eps: number): Float64Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const scale = 1 / Math.sqrt(variance + eps);
  return x.map((value, i) => (value - mean) * scale * (gain[i] as number) + (bias[i] as number));
}

/** Right to 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

export const geluRow = (x: Float64Array): Float64Array =>
  x.map((value) => 0.5 * value * (1 + erf(value * Math.SQRT1_2)));

export const addRows = (a: Float64Array, b: ArrayLike<number>): Float64Array =>
  a.map((value, i) => value + (b[i] as number));

/**
 * softmax(qKᵀ/√D) of one token.
 * @param query shape [C] @param keys shape [T, C] @returns shape [H, T]
 */
export function attentionRow(query: Float64Array, keys: Float32Array, numHeads: number): Float64Array {
  const channels = query.length;
  const tokens = keys.length / channels;
  const headWidth = channels / numHeads;
  const rows = new Float64Array(numHeads * tokens);
  for (let head = 0; head < numHeads; head++) {
    const row = rows.subarray(head * tokens, (head + 1) * tokens);
    for (let token = 0; token < tokens; token++) {
      let score = 0;
      for (let channel = head * headWidth; channel < (head + 1) * headWidth; channel++)
        score += (query[channel] as number) * (keys[token * channels + channel] as number);
      row[token] = score * headWidth ** -0.5;
    }
    const largest = row.reduce((most, score) => Math.max(most, score), -Infinity);
    let sum = 0;
    for (let token = 0; token < tokens; token++)
      sum += row[token] = Math.exp((row[token] as number) - largest);
    for (let token = 0; token < tokens; token++) row[token] = (row[token] as number) / sum;
  }
  return rows;
}

/** @param attention shape [H, T] @param values shape [T, C] @returns shape [C] */
export function weighValues(attention: Float64Array, values: Float32Array, numHeads: number): Float64Array {
  const tokens = attention.length / numHeads;
  const channels = values.length / tokens;
  const headWidth = channels / numHeads;
  const weighted = new Float64Array(channels);
  for (let head = 0; head < numHeads; head++)
    for (let token = 0; token < tokens; token++) {
      const share = attention[head * tokens + token] as number;
      for (let channel = head * headWidth; channel < (head + 1) * headWidth; channel++)
        weighted[channel] =
          (weighted[channel] as number) + share * (values[token * channels + channel] as number);
    }
  return weighted;
}
