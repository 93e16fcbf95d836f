/** How far the engine's work is, as it tells the page. */
import type { ModelBytes } from './model.ts';

/** Of the engine's start. */
export type StartProgress =
  | { readonly stage: 'backend' }
  | ({ readonly stage: 'download' } & ModelBytes)
  | { readonly stage: 'self-check' };

/** Of a model that is brought into a running engine. */
export type ModelProgress = ({ readonly stage: 'download' } & ModelBytes) | { readonly stage: 'check' };

/** Of a photograph's pass through a network. */
export type PassProgress =
  | { readonly stage: 'decode' }
  | { readonly stage: 'prepare' }
  | { readonly stage: 'forward'; readonly blocksDone: number; readonly depth: number };
