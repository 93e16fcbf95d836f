import type { EngineSession } from '../engine/session.ts';
import type { RecogniseSession } from '../recognise/recognise-session.ts';
import type { AppActions, AppState } from '../state/app-store.ts';

export interface CommandContext {
  readonly state: AppState & AppActions;
  readonly session: EngineSession;
  /** Whether the training view shows curves. */
  readonly hasCurves: boolean;
  /** Closes the figure in the training view; one that is being drawn stays. @returns whether there was one */
  readonly leaveFigure: () => boolean;
  readonly recognise: RecogniseSession;
}

export interface Command {
  readonly keys: readonly string[];
  /** Names of the keys in the help, where they differ from `keys`. */
  readonly shownKeys?: readonly string[];
  readonly does: string;
  /** Where the command works: everywhere, with a photograph on the stage, or on the screen "Recognise". */
  readonly where: 'everywhere' | 'viewer' | 'recognise';
  /** @returns false if there was nothing to do; the next command with the same key is then tried */
  readonly run: (key: string, context: CommandContext) => boolean;
}
