/** What the page in the browser tells the server. */
export type Report =
  | { readonly kind: 'begin'; readonly engine: string }
  | {
      readonly kind: 'check';
      readonly name: string;
      /** What is wrong; null where all is as it should be. */
      readonly problem: string | null;
      readonly elapsedMs: number;
    }
  | { readonly kind: 'end' };
