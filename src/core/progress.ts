/** Progress that the engine reports to the page. */
import type { BackendName } from './failure.ts';
import type { ModelBytes } from './model.ts';

/** What the engine's start is doing, for a person. */
export type StartStep =
  | { readonly stage: 'backend' }
  | ({ readonly stage: 'download' } & ModelBytes)
  | { readonly stage: 'self-check' };

export type StartProgress =
  | StartStep
  /** Still working on this back end: it is being opened, or computes. Null: it is open, and the model is loading. */
  | { readonly stage: 'working'; readonly backend: BackendName | null };

/** Progress of a model that is loaded into a running engine. */
export type ModelProgress = ({ readonly stage: 'download' } & ModelBytes) | { readonly stage: 'check' };

/** Progress of a look: the pass, then the lens's own computation. */
export type LookProgress = LookStep & {
  /** Where several photographs are looked at together: which of them, from 0. */
  readonly photo?: { readonly at: number; readonly count: number };
};

type LookStep =
  | { readonly stage: 'decode' }
  | { readonly stage: 'prepare' }
  | { readonly stage: 'forward'; readonly blocksDone: number; readonly depth: number }
  | { readonly stage: 'compute'; readonly share: number };
