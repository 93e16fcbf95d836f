/** Scripts that are fetched after the page's start. The host may no longer have them, if the page was updated. */
import { FailureError } from './failure.ts';
import { isScriptGone } from './script-gone.ts';

/**
 * What browsers and Vite throw where a script, or the style sheet that comes with it, cannot be fetched. It is not a
 * bug in the script.
 */
const isNotFetched = (error: unknown): boolean =>
  (error instanceof TypeError && /\bimport/i.test(error.message)) ||
  (error instanceof Error && error.message.startsWith('Unable to preload CSS'));

/**
 * Loads a part of the page that is not needed at the start.
 * @param load an `import()`
 * @param ownUrl `import.meta.url` of the caller, a script of the same build
 * @throws FailureError 'script-missing'; what the script itself throws is a bug
 */
export async function loadScript<T>(load: () => Promise<T>, ownUrl: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isNotFetched(error)) throw error;
    throw new FailureError({ code: 'script-missing', isGone: await isScriptGone(ownUrl) });
  }
}
