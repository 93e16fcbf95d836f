/** Requests the rest of a file from a server, and checks that it belongs to the same file. */
import { FailureError } from '../core/failure.ts';
import type { PartialRecord } from './records.ts';
import { withTimeout } from './with-timeout.ts';

export interface Kept extends PartialRecord {
  readonly byteLength: number;
  /** The whole file's hash is known, so a mixture of two versions would be noticed. */
  readonly hashIsKnown: boolean;
}

export interface Rest {
  readonly response: Response;
  /** The offset of its first byte: the number of kept bytes, or 0 where the whole file comes again. */
  readonly offset: number;
  readonly validator: string | null;
  /** The whole file's; null where the server does not say. */
  readonly totalBytes: number | null;
}

/** A strong ETag names the exact bytes; a weak one does not. A date is the second choice. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('ETag');
  return etag !== null && !etag.startsWith('W/') ? etag : headers.get('Last-Modified');
}

/** With If-Range first. This header needs a preflight request, which some hosts refuse. */
function headersToTry(kept: Kept | null): readonly Readonly<Record<string, string>>[] {
  if (kept === null || kept.byteLength === 0) return [{}];
  const range = { Range: `bytes=${kept.byteLength}-` };
  return kept.validator === null ? [range, {}] : [{ ...range, 'If-Range': kept.validator }, range, {}];
}

function lengthOf({ headers }: Response): number | null {
  const length = headers.get('Content-Length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : null;
}

/** Whether a 206 continues the kept bytes. Headers that another origin hides count as unknown. */
function continuesKept(response: Response, kept: Kept, isVouchedFor: boolean): boolean {
  const [, begin, total] =
    /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '') ?? [];
  if (begin !== undefined && Number(begin) !== kept.byteLength) return false;
  const length = lengthOf(response);
  const told = total !== undefined && total !== '*' ? Number(total) : length && kept.byteLength + length;
  if (told !== null && kept.totalBytes !== null && told !== kept.totalBytes) return false;
  const validator = validatorOf(response);
  if (validator !== null && kept.validator !== null) return validator === kept.validator;
  return isVouchedFor || kept.hashIsKnown;
}

/** @throws FailureError 'model-unreachable' where the server does not answer */
export async function requestRest(
  url: string,
  kept: Kept | null,
  network: { readonly fetch: typeof fetch; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<Rest> {
  let status: number | null = null;
  for (const headers of headersToTry(kept)) {
    const isRanged = 'Range' in headers;
    let response: Response;
    try {
      // No cache, since we keep the bytes; no cookies and no referrer, for privacy.
      const asked = network.fetch(url, {
        headers,
        signal,
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
      });
      response = await withTimeout(asked, network.timeoutMs);
    } catch {
      signal.throwIfAborted();
      continue;
    }
    const validator = validatorOf(response);
    if (response.ok && response.status !== 206)
      return { response, offset: 0, validator, totalBytes: lengthOf(response) };
    if (response.status === 206 && kept !== null && continuesKept(response, kept, 'If-Range' in headers)) {
      const length = lengthOf(response);
      return {
        response,
        offset: kept.byteLength,
        validator: validator ?? kept.validator,
        totalBytes: kept.totalBytes ?? (length === null ? null : kept.byteLength + length),
      };
    }
    void response.body?.cancel().catch(() => undefined);
    // A part that was not requested, or a server that refuses ranges: the whole file again.
    if (!isRanged) status = response.status;
  }
  throw new FailureError({ code: 'model-unreachable', url, status });
}
