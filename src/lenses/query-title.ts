/** Names of queries. */
import type { PatchPosition } from '../core/geometry.ts';
import type { AnyQuery } from './lens-contract.ts';

/** Rows and columns count from 1. */
export const patchTitle = ({ row, column }: PatchPosition): string =>
  `Patch (row ${row + 1}, column ${column + 1})`;

export const tokenTitle = (token: number): string => (token === 0 ? 'CLS token' : `Register ${token}`);

export const queryTitle = ({ token, patch, patches = [] }: AnyQuery): string => {
  if (patches.length > 0) return `${patches.length} patches`;
  return patch === null ? tokenTitle(token) : patchTitle(patch);
};

export const isCls = ({ token, patch, patches = [] }: AnyQuery): boolean =>
  patch === null && token === 0 && patches.length === 0;

/** In the middle of a sentence: "CLS", "register 2", "patch (row 1, column 3)". */
export const queryInSentence = (query: AnyQuery): string =>
  isCls(query) ? 'CLS' : queryTitle(query).toLowerCase();
