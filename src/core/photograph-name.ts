/** What a photograph of a collection is known again by, in the worker and in the page. */
export interface PhotographName {
  /** Below the folder that was dropped. A phone names all its photographs alike. */
  readonly path: string;
  readonly byteLength: number;
  /** ms since 1970; 0 where it is not known */
  readonly lastModified: number;
}

export const keyOfName = ({ path, byteLength, lastModified }: PhotographName): string =>
  `${byteLength} ${lastModified} ${path}`;

export const nameOfPhotograph = (photograph: {
  readonly path: string;
  readonly blob: Blob;
}): PhotographName => ({
  path: photograph.path,
  byteLength: photograph.blob.size,
  lastModified: photograph.blob instanceof File ? photograph.blob.lastModified : 0,
});
