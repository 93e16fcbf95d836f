/** What the page, the worker and the command line know about every lens. */
import { defineCodec, wholeNumber, type Codec, type Field, type Fields } from '../core/codec.ts';
import type { Failure } from '../core/failure.ts';
import type { Frame, PassFacts } from '../core/frame.ts';
import type { PatchPosition } from '../core/geometry.ts';
import type { Result } from '../core/result.ts';

/** The token that is asked: a patch of the photograph, or a special token if `patch` is null. */
export interface Query {
  /** 0 is CLS, others are registers from 1. A network without that register answers for CLS. */
  readonly token: number;
  readonly patch: PatchPosition | null;
}

/** Patches that are asked together, besides `Query.patch`; empty where one token is asked. */
export interface SeveralPatches {
  readonly patches: readonly PatchPosition[];
}

/** What any lens asks. */
export type AnyQuery = Query & Partial<SeveralPatches>;

/**
 * The photographs that a result depends on.
 * - 'one': the photograph that is shown.
 * - 'pair': this one and a second one, which the person chooses. The result belongs to both.
 * - 'each': this one and the one on which a patch is asked. Every photograph gets its own result for the same question.
 * - 'all': all photographs that are open. Every one gets its own result.
 */
export type Span = 'one' | 'pair' | 'each' | 'all';

export interface LensContract<P, D, R> {
  readonly title: string;
  /** What the lens shows, in one sentence. */
  readonly about: string;
  /** Whether a token can be asked. This needs a `Query` in the parameters, see `defineAskingCodec`. */
  readonly asks: P extends Query ? true : object extends P ? boolean : false;
  /** Whether several patches can be asked together, see `SeveralPatches`. */
  readonly asksSeveral?: P extends SeveralPatches ? boolean : object extends P ? boolean : false;
  /** Which photographs a result depends on; without it one. A lens that asks a patch on all of them has 'each' where a patch is asked. */
  readonly looksAt?: (params: P) => Span;
  /** Whether the patch under the pointer is asked, without a click. For lenses that answer within a frame. */
  readonly followsPointer?: boolean;
  /** The parameters of the computation. */
  readonly params: Codec<P>;
  /** Settings that change only the picture; a change never runs the engine. */
  readonly drawing: Codec<D>;
  /** Fields of the drawing that are not remembered for the next visit. */
  readonly forgets: readonly (keyof D)[];
  /** Only for its type; never set. */
  readonly result?: R;
}

/** The result of a look, and the facts of each pass (of each photograph for each model). */
export interface LookResult<R> {
  readonly passes: readonly PassFacts[];
  readonly result: R;
}

/**
 * The answer to a look: one result, or for the spans 'each' and 'all' one for each photograph, in their order. A photograph that
 * cannot be read, or that has no room in memory beside the others, has a failure; for 'pair' it is the second entry.
 */
export type LookAnswer<R> = readonly Result<LookResult<R>, Failure>[];

export const spanOf = <P>({ looksAt }: Pick<LensContract<P, never, never>, 'looksAt'>, params: P): Span =>
  looksAt?.(params) ?? 'one';

/** @returns the frame of the first photograph's maps */
export function frameOf({ passes: [pass] }: Pick<LookResult<unknown>, 'passes'>): Frame {
  if (pass === undefined) throw new Error('a result without a pass');
  return pass.frame;
}

function readPatch(text: string): PatchPosition | null {
  const [, row, column] = /^(\d{1,4}),(\d{1,4})$/.exec(text) ?? [];
  return row === undefined || column === undefined ? null : { row: Number(row), column: Number(column) };
}

const writePatch = ({ row, column }: PatchPosition): string => `${row},${column}`;

/** As on the command line: row and column from 0. */
const patchField: Field<PatchPosition | null> = {
  defaultValue: null,
  form: 'row,column',
  help: 'the patch that is asked, row and column from 0; without it CLS is',
  read: readPatch,
  write: (patch) => (patch === null ? '' : writePatch(patch)),
};

export const patchesField: Field<readonly PatchPosition[]> = {
  defaultValue: [],
  form: 'row,column;row,column;…',
  help: 'patches that are asked together, rows and columns from 0',
  read: (text) => {
    const patches = text.split(';').map(readPatch);
    return patches.every((patch) => patch !== null) ? patches : null;
  },
  write: (patches) => patches.map(writePatch).join(';'),
};

/** A codec of a lens that asks a token. */
export const defineAskingCodec = <P extends object>(fields: Fields<P>): Codec<P & Query> =>
  defineCodec<P & Query>({
    ...fields,
    token: wholeNumber({
      defaultValue: 0,
      min: 0,
      max: 64,
      help: 'which special token is asked where no patch is: 0 is CLS, others are registers',
    }),
    patch: patchField,
  } as Fields<P & Query>);
