/** Messages from the page in the browser to the server. */
export type Report =
  | { readonly kind: 'begin'; readonly engine: string }
  | {
      readonly kind: 'check';
      readonly name: string;
      /** What is wrong, or null if nothing is. */
      readonly problem: string | null;
      readonly elapsedMs: number;
    }
  | { readonly kind: 'end' };
