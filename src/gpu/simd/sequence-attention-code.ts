/**
 * Attention for training, forward and backward, for many sequences of one length in one matrix. A thread takes one head
 * of a sequence and packs its keys and values itself. It processes only as many queries at a time that no T × T matrix of
 * a long sequence is stored.
 */
import type { FunctionWriter, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32, f32x4, i32, type I32, type Local } from '../../wasm/wasm-values.ts';
import { keyBytes, keyPanels, keyScale, type AttentionParts } from './attention-code.ts';
import { sumOfLanes } from './layer-norm-code.ts';
import type { Packers } from './pack-code.ts';
import { panelBytes } from './tiles.ts';

/** Runs `body` with the first query and the number of queries of each group. */
function overQueries(
  f: FunctionWriter,
  tokens: I32,
  most: I32,
  body: (first: Local<'i32'>, queries: Local<'i32'>) => void,
): void {
  const first = f.local('i32', i32.const(0));
  const queries = f.local('i32');
  f.set(first, i32.const(0));
  f.count(first, tokens, most, () => {
    const left = i32.sub(tokens, first);
    f.set(queries, i32.select(left, most, i32.lessThan(left, most)));
    body(first, queries);
  });
}

/** Where a unit (a head of a sequence) begins: bytes from the first row of its matrix. */
const placeOf = (unit: I32, heads: I32, tokens: I32, stride: I32, headBytes: I32): I32 =>
  i32.add(
    i32.mul(i32.mul(i32.divide(unit, heads), tokens), stride),
    i32.mul(i32.remainder(unit, heads), headBytes),
  );

/** Bytes of the result of `packValues`, and of other data packed like values. */
const valueBytes = (tokens: I32, headWidth: I32): I32 =>
  i32.mul(i32.divide(headWidth, i32.const(4)), panelBytes(1, tokens));

/**
 * Attention of the sequences' heads [begin, end).
 * Parameters after scratch, begin and end: the first sequence's qkv, the first row of the result, tokens, channels, head
 * width, heads, the scale's bits, queries at a time.
 */
function defineAttendSequences(
  module: ModuleWriter,
  { packKeys, packValues, attendQueries }: AttentionParts,
): void {
  module.define(
    'attendSequences',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, scratch, begin, end, qkv, result, tokens, channels, headWidth, heads, scaleBits, mostQueries) => {
      const channelBytes = f.local('i32', i32.shiftLeft(channels, i32.const(2)));
      const stride = f.local('i32', i32.mul(channelBytes, i32.const(3)));
      const headBytes = f.local('i32', i32.shiftLeft(headWidth, i32.const(2)));
      const values = f.local('i32', i32.add(scratch, keyBytes(tokens, headWidth)));
      const scores = f.local('i32', i32.add(values, valueBytes(tokens, headWidth)));
      const query = f.local('i32');
      const to = f.local('i32');
      f.count(begin, end, i32.const(1), () => {
        f.set(query, i32.add(qkv, placeOf(begin, heads, tokens, stride, headBytes)));
        f.set(to, i32.add(result, placeOf(begin, heads, tokens, channelBytes, headBytes)));
        const key = i32.add(query, channelBytes);
        f.call(packKeys, key, stride, tokens, headWidth, keyScale(scaleBits), scratch);
        f.call(packValues, i32.add(key, channelBytes), stride, tokens, headWidth, values);
        overQueries(f, tokens, mostQueries, (first, queries) =>
          f.call(
            attendQueries,
            i32.add(query, i32.mul(first, stride)),
            stride,
            tokens,
            headBytes,
            scratch,
            values,
            i32.add(to, i32.mul(first, channelBytes)),
            channelBytes,
            queries,
            scores,
          ),
        );
      });
    },
  );
}

/**
 * From a row of exponentials and the gradients of the weights, computes the weights and the gradients of the scores
 * before scaling: scale × w (g − Σ w g).
 * Parameters: row of exponentials, row of gradients, tokens, sum of the exponentials, the scale's bits.
 */
function defineSoftmaxGradientRow(module: ModuleWriter, relaxed: boolean) {
  return module.define(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32'],
    (f, weights, gradients, tokens, sumAt, scaleBits) => {
      const end = f.local('i32', i32.add(weights, i32.shiftLeft(tokens, i32.const(2))));
      const paddedEnd = f.local('i32', i32.add(weights, i32.shiftLeft(keyPanels(tokens), i32.const(5))));
      // Weights beyond the tokens are close to 0, and products of such numbers are slow.
      f.count(end, paddedEnd, i32.const(4), () => f.storeF32(end, f32.const(0)));
      const share = f.local('v128', f32x4.splat(f32.divide(f32.const(1), f32.load(sumAt))));
      const apart = f.local('i32', i32.sub(gradients, weights));
      const at = f.local('i32', weights);
      const weight = f.local('v128');
      const mean = f.local('v128', f32x4.const(0));
      f.count(at, paddedEnd, i32.const(16), () => {
        f.set(weight, f32x4.mul(f32x4.load(at), share));
        f.storeV128(at, weight);
        f.set(mean, f32x4.multiplyAdd(weight, f32x4.load(i32.add(at, apart)), mean, relaxed));
      });
      f.set(mean, f32x4.splat(sumOfLanes(mean)));
      f.set(share, f32x4.splat(f32.ofBits(scaleBits)));
      f.set(at, weights);
      f.count(at, paddedEnd, i32.const(16), () => {
        const gradient = i32.add(at, apart);
        const off = f32x4.sub(f32x4.load(gradient), mean);
        f.storeV128(gradient, f32x4.mul(f32x4.mul(f32x4.load(at), off), share));
      });
    },
  );
}

/**
 * Adds rows to other rows.
 * Parameters: from, its row in bytes, to, its stride, rows.
 */
function defineAddRows(module: ModuleWriter) {
  return module.define(null, ['i32', 'i32', 'i32', 'i32', 'i32'], (f, from, bytes, to, stride, rows) => {
    const row = f.local('i32', i32.const(0));
    const column = f.local('i32');
    f.count(row, rows, i32.const(1), () => {
      f.set(column, i32.const(0));
      f.count(column, bytes, i32.const(16), () => {
        const at = i32.add(to, column);
        f.storeV128(at, f32x4.add(f32x4.load(at), f32x4.load(i32.add(from, column))));
      });
      f.set(from, i32.add(from, bytes));
      f.set(to, i32.add(to, stride));
    });
  });
}

/**
 * With P the weights, dO the gradient of the mixed values and dS that of the scores: dV = Pᵀ dO, dQ = dS K, dK = dSᵀ Q.
 * Computed for the sequences' heads [begin, end).
 * Parameters after scratch, begin and end: the first sequence's qkv, the gradient of its mixed values, the gradient of
 * qkv, tokens, channels, head width, heads, the scale's bits, queries at a time.
 */
function defineAttentionGradient(
  module: ModuleWriter,
  { packKeys, packValues, softmaxRow, timesTokens, timesHead, packedTimesHead }: AttentionParts,
  { columns: packColumns }: Packers,
  relaxed: boolean,
): void {
  const softmaxGradientRow = defineSoftmaxGradientRow(module, relaxed);
  const addRows = defineAddRows(module);

  // Writes sums over queries to the target, or adds them there. Parameters: packed, queries, panels, spare, to, stride,
  // tokens, head's bytes, whether added.
  const sumOverQueries = module.define(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, packed, queries, panels, spare, to, stride, tokens, headBytes, isAdded) => {
      const times = (target: I32, targetStride: I32): void => {
        const packedStride = i32.shiftLeft(queries, i32.const(2));
        f.call(
          packedTimesHead,
          packed,
          packedStride,
          panels,
          queries,
          target,
          targetStride,
          tokens,
          headBytes,
        );
      };
      f.when(
        isAdded,
        () => {
          times(spare, headBytes);
          f.call(addRows, spare, headBytes, to, stride, tokens);
        },
        () => times(to, stride),
      );
    },
  );

  module.define(
    'attentionGradient',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (
      f,
      scratch,
      begin,
      end,
      qkv,
      above,
      result,
      tokens,
      channels,
      headWidth,
      heads,
      scaleBits,
      mostQueries,
    ) => {
      const channelBytes = f.local('i32', i32.shiftLeft(channels, i32.const(2)));
      const stride = f.local('i32', i32.mul(channelBytes, i32.const(3)));
      const headBytes = f.local('i32', i32.shiftLeft(headWidth, i32.const(2)));
      const scoresStride = f.local('i32', i32.shiftLeft(keyPanels(tokens), i32.const(5)));
      /** Start of the free part of the scratch memory; each call of `piece` takes the next part. */
      let free: I32 = scratch;
      const piece = (bytes: I32): Local<'i32'> => {
        const start = f.local('i32', free);
        free = i32.add(start, bytes);
        return start;
      };
      const keysAsColumns = piece(keyBytes(tokens, headWidth));
      const valuesAsColumns = piece(keyBytes(tokens, headWidth));
      const keys = piece(valueBytes(tokens, headWidth));
      const queriesAsValues = piece(valueBytes(mostQueries, headWidth));
      const aboveAsValues = piece(valueBytes(mostQueries, headWidth));
      const weights = piece(i32.mul(mostQueries, scoresStride));
      const gradients = piece(i32.mul(mostQueries, scoresStride));
      const sums = piece(i32.shiftLeft(mostQueries, i32.const(2)));
      const packed = piece(i32.shiftLeft(i32.mul(mostQueries, tokens), i32.const(2)));
      const spare = piece(i32.mul(tokens, headBytes));

      const unit = f.local('i32');
      const aboveUnit = f.local('i32');
      const query = f.local('i32');
      const aboveQuery = f.local('i32');
      const key = f.local('i32');
      const row = f.local('i32');
      f.count(begin, end, i32.const(1), () => {
        f.set(unit, placeOf(begin, heads, tokens, stride, headBytes));
        f.set(aboveUnit, i32.add(above, placeOf(begin, heads, tokens, channelBytes, headBytes)));
        f.set(key, i32.add(i32.add(qkv, unit), channelBytes));
        f.call(packKeys, key, stride, tokens, headWidth, keyScale(scaleBits), keysAsColumns);
        f.call(
          packKeys,
          i32.add(key, channelBytes),
          stride,
          tokens,
          headWidth,
          f32.const(1),
          valuesAsColumns,
        );
        f.call(packValues, key, stride, tokens, headWidth, keys);
        const ofQuery = i32.add(result, unit);
        const ofKey = i32.add(ofQuery, channelBytes);
        const ofValue = i32.add(ofKey, channelBytes);
        overQueries(f, tokens, mostQueries, (first, queries) => {
          f.set(query, i32.add(i32.add(qkv, unit), i32.mul(first, stride)));
          f.set(aboveQuery, i32.add(aboveUnit, i32.mul(first, channelBytes)));
          f.call(timesTokens, query, stride, keysAsColumns, headWidth, weights, scoresStride, queries);
          f.call(
            timesTokens,
            aboveQuery,
            channelBytes,
            valuesAsColumns,
            headWidth,
            gradients,
            scoresStride,
            queries,
          );
          f.set(row, i32.const(0));
          f.count(row, queries, i32.const(1), () => {
            const offset = i32.mul(row, scoresStride);
            const sumAt = i32.add(sums, i32.shiftLeft(row, i32.const(2)));
            f.call(softmaxRow, i32.add(weights, offset), tokens, sumAt);
            const rows = [i32.add(weights, offset), i32.add(gradients, offset)] as const;
            f.call(softmaxGradientRow, ...rows, tokens, sumAt, scaleBits);
          });
          const to = i32.add(ofQuery, i32.mul(first, stride));
          f.call(timesHead, gradients, scoresStride, keys, tokens, to, stride, queries, headBytes);
          f.call(packValues, query, stride, queries, headWidth, queriesAsValues);
          f.call(packValues, aboveQuery, channelBytes, queries, headWidth, aboveAsValues);
          for (const [matrix, panels, target] of [
            [weights, aboveAsValues, ofValue],
            [gradients, queriesAsValues, ofKey],
          ] as const) {
            f.call(packColumns, matrix, scoresStride, tokens, queries, packed);
            f.call(sumOverQueries, packed, queries, panels, spare, target, stride, tokens, headBytes, first);
          }
        });
      });
    },
  );
}

export function defineSequenceAttention(
  module: ModuleWriter,
  parts: AttentionParts,
  packers: Packers,
  relaxed: boolean,
): void {
  defineAttendSequences(module, parts);
  defineAttentionGradient(module, parts, packers, relaxed);
}
