/** Stores the softmax rows of some queries; `attend` computes them only as intermediate values. */
import type { ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32, f32x4, i32 } from '../../wasm/wasm-values.ts';
import { keyBytes, keyPanels, keyScale, type AttentionParts } from './attention-code.ts';

/**
 * Two steps, each over a thread's share of the work: packing heads, then groups of queries. Needs as much scratch memory
 * as `attend`.
 */
export function defineQueryRows(
  module: ModuleWriter,
  { packKeys, timesTokens, softmaxRow }: AttentionParts,
): void {
  // Packs the heads [begin, end). Further parameters: keys [tokens, channels], tokens, channels, head width, the scale's
  // bits, packed.
  module.define(
    'packKeys',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, keys, tokens, channels, headWidth, scaleBits, packed) => {
      const stride = f.local('i32', i32.shiftLeft(channels, i32.const(2)));
      const headKeys = f.local('i32', keyBytes(tokens, headWidth));
      f.count(begin, end, i32.const(1), () => {
        const from = i32.add(keys, i32.mul(begin, i32.shiftLeft(headWidth, i32.const(2))));
        const to = i32.add(packed, i32.mul(begin, headKeys));
        f.call(packKeys, from, stride, tokens, headWidth, keyScale(scaleBits), to);
      });
    },
  );

  // Softmax rows of the groups [begin, end); the groups of a head are adjacent. Further parameters: queries [count,
  // channels], their count, tokens, channels, head width, packed, result, queries a group, groups a head.
  module.define(
    'queryRows',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (
      f,
      scratch,
      begin,
      end,
      from,
      count,
      tokens,
      channels,
      headWidth,
      packed,
      result,
      groupQueries,
      groups,
    ) => {
      const stride = f.local('i32', i32.shiftLeft(channels, i32.const(2)));
      const scoresStride = f.local('i32', i32.shiftLeft(keyPanels(tokens), i32.const(5)));
      const sumAt = f.local('i32', i32.add(scratch, i32.mul(scoresStride, groupQueries)));
      const rowBytes = f.local('i32', i32.shiftLeft(tokens, i32.const(2)));
      const wholeBytes = f.local('i32', i32.shiftLeft(i32.divide(tokens, i32.const(4)), i32.const(4)));
      const first = f.local('i32');
      const queries = f.local('i32');
      const query = f.local('i32');
      const panel = f.local('i32');
      const column = f.local('i32');
      const scores = f.local('i32');
      const row = f.local('i32');
      const to = f.local('i32');
      const scale = f.local('v128');
      f.count(begin, end, i32.const(1), () => {
        const head = i32.divide(begin, groups);
        f.set(first, i32.mul(i32.remainder(begin, groups), groupQueries));
        const left = i32.sub(count, first);
        f.set(queries, i32.select(left, groupQueries, i32.lessThan(left, groupQueries)));
        const headBytes = i32.mul(head, i32.shiftLeft(headWidth, i32.const(2)));
        f.set(query, i32.add(i32.add(from, i32.mul(first, stride)), headBytes));
        f.set(panel, i32.add(packed, i32.mul(head, keyBytes(tokens, headWidth))));

        f.call(timesTokens, query, stride, panel, headWidth, scratch, scoresStride, queries);
        f.set(to, i32.add(result, i32.mul(rowBytes, i32.add(i32.mul(head, count), first))));
        f.set(scores, scratch);
        f.set(row, i32.const(0));
        f.count(row, queries, i32.const(1), () => {
          f.call(softmaxRow, scores, tokens, sumAt);
          f.set(scale, f32x4.splat(f32.divide(f32.const(1), f32.load(sumAt))));
          f.set(column, i32.const(0));
          f.count(column, wholeBytes, i32.const(16), () =>
            f.storeV128(i32.add(to, column), f32x4.mul(f32x4.load(i32.add(scores, column)), scale)),
          );
          // Not by whole vectors, since the next row begins directly after this one.
          f.count(column, rowBytes, i32.const(4), () => {
            const weight = f32.load(i32.add(scores, column));
            f.storeF32(i32.add(to, column), f32.mul(weight, f32x4.lane(scale, 0)));
          });
          f.set(scores, i32.add(scores, scoresStride));
          f.set(to, i32.add(to, rowBytes));
        });
      });
    },
  );
}
