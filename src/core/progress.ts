/** How far the engine's work is, as it tells the page. */
import type { BackendName } from './failure.ts';
import type { ModelBytes } from './model.ts';

/** What the engine's start is doing, for a person. */
export type StartStep =
  | { readonly stage: 'backend' }
  | ({ readonly stage: 'download' } & ModelBytes)
  | { readonly stage: 'self-check' };

export type StartProgress =
  | StartStep
  /** A sign of life, and no news: this back end is being opened, or computes. Null: it stands, and the model is on its way. */
  | { readonly stage: 'working'; readonly backend: BackendName | null };

/** Of a model that is brought into a running engine. */
export type ModelProgress = ({ readonly stage: 'download' } & ModelBytes) | { readonly stage: 'check' };

/** Of looking at a photograph: its pass through a network, and what a lens makes of it. */
export type LookProgress =
  | { readonly stage: 'decode' }
  | { readonly stage: 'prepare' }
  | { readonly stage: 'forward'; readonly blocksDone: number; readonly depth: number }
  | { readonly stage: 'compute'; readonly share: number };
