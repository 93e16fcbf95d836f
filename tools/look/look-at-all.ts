/** One look at several photographs, which are read when their turn comes. */
import type { Failure } from '../../src/core/failure.ts';
import type { Size } from '../../src/core/geometry.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import type { LensId } from '../../src/lenses/contracts.ts';
import type { LookResult } from '../../src/lenses/lens-contract.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { stopWith } from '../stop-with.ts';
import { describeLookFailure } from './describe-look-failure.ts';
import type { ToolEngine } from './open-engine.ts';

interface LookAtAll {
  readonly lens: LensId;
  readonly params: object;
  readonly framing: FramingOptions;
}

export type Answer = Result<LookResult<unknown>, Failure>;

/** Ends the command with a sentence where the whole look fails. @returns the answers by path */
export async function lookAtAll(
  engine: ToolEngine,
  { lens, params, framing }: LookAtAll,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Answer>> {
  const unread = new Map<Failure, string>();
  /** Of the first photograph, on which a patch is asked. */
  let sizePx: Size | undefined;
  const sources = paths.map((path) => ({
    id: path,
    read: async () => {
      const read = await readPhoto(path);
      if (!read.ok) unread.set(read.error, path);
      else if (path === paths[0]) sizePx = read.value;
      return read.ok ? succeed({ pixels: read.value, notices: read.value.notices }) : fail(read.error);
    },
  }));
  const answer = await engine.answer(lens, params as never, sources, framing);
  if (!answer.ok) {
    const path = unread.get(answer.error);
    stopWith(
      `${path === undefined ? '' : `${path}: `}${describeLookFailure(answer.error, sizePx, framing, engine.model)}`,
    );
  }
  return new Map(
    answer.value.flatMap((each, at): [string, Answer][] => {
      const path = paths[at];
      return path === undefined ? [] : [[path, each]];
    }),
  );
}
