/** What one model answers: about each photograph by itself, or about all of them at once. */
import type { FramingOptions } from '../../src/core/photo.ts';
import { fail } from '../../src/core/result.ts';
import type { ReadPhoto } from '../../src/engine/engine.ts';
import { contractOf, type LensId } from '../../src/lenses/contracts.ts';
import { spanOf } from '../../src/lenses/lens-contract.ts';
import type { SharedDrawing } from '../../src/render/shared-drawing.ts';
import { lookAtAll, type Answer } from './look-at-all.ts';
import type { ToolEngine } from './open-engine.ts';

/** What the command was told. */
export interface Asked {
  readonly lens: LensId;
  readonly params: object;
  readonly drawing: object;
  readonly shared: SharedDrawing;
  readonly framing: FramingOptions;
}

export interface Side {
  readonly engine: ToolEngine;
  /** By path, of a look at all photographs at once. */
  readonly answers: ReadonlyMap<string, Answer> | null;
  look(path: string, photo: ReadPhoto): Promise<Answer>;
}

/** Ends the command with a sentence where a look at all photographs at once fails. */
export async function openSide(engine: ToolEngine, asked: Asked, paths: readonly string[]): Promise<Side> {
  const { lens, params, framing } = asked;
  if (spanOf(contractOf(lens), params) === 'one')
    return {
      engine,
      answers: null,
      look: (path, photo) => engine.look(lens, params as never, path, photo, framing),
    };
  const answers = await lookAtAll(engine, asked, paths);
  return {
    engine,
    answers,
    look: (path) => Promise.resolve(answers.get(path) ?? fail({ code: 'unreadable-file' })),
  };
}
