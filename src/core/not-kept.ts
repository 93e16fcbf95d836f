/**
 * Why the browser cannot keep files for the page: the page came without https, the browser lacks the interface, or it
 * refused a test.
 */
export type NotKept = 'insecure' | 'unsupported' | 'refused';

export function describeNotKept(reason: NotKept): string {
  switch (reason) {
    case 'insecure':
      return 'This page came without https, and so the browser keeps no files for it.';
    case 'unsupported':
      return 'This browser keeps no files for the page: it has no way to write them as the page must.';
    case 'refused':
      return 'This window keeps no files: the browser refused to write one, as in a private window, on a full disk, or where its settings forbid it.';
  }
}
