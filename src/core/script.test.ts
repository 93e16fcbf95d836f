import { afterEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from './failure.ts';
import { isScriptGone } from './script-gone.ts';
import { loadScript } from './script.ts';

const url = 'https://example.org/assets/engine-1.js';

const answerWith = (answer: () => Promise<Response>): void =>
  void vi.stubGlobal('fetch', vi.fn<typeof fetch>(answer));

afterEach(() => void vi.unstubAllGlobals());

const answers = (status: number, type: string) => (): Promise<Response> =>
  Promise.resolve(new Response(null, { status, headers: { 'Content-Type': type } }));

describe('a script is gone', () => {
  test.each([
    [true, 'the host does not have it', answers(404, 'text/plain')],
    [true, 'the host had it once', answers(410, 'text/plain')],
    [true, 'the host sends its page for everything', answers(200, 'text/html; charset=utf-8')],
    [false, 'it is there', answers(200, 'text/javascript')],
    [false, 'the host takes no HEAD', answers(405, 'text/html')],
    [false, 'the host is out of order', answers(503, 'text/html')],
    [false, 'nobody answers', () => Promise.reject(new TypeError('Failed to fetch'))],
  ])('%s where %s', async (isGone, _, answer) => {
    answerWith(answer);
    expect(await isScriptGone(url)).toBe(isGone);
  });

  test('is asked of the host and nobody else', async () => {
    answerWith(answers(200, 'text/javascript'));
    await isScriptGone(url);
    expect(fetch).toHaveBeenCalledWith(url, expect.objectContaining({ method: 'HEAD', cache: 'no-store' }));
  });
});

describe('a part that is loaded later', () => {
  test('is what the script gives', async () => {
    expect(await loadScript(() => Promise.resolve(3), url)).toBe(3);
  });

  test.each([
    ['Chromium', new TypeError('Failed to fetch dynamically imported module: https://example.org/a.js')],
    ['Firefox', new TypeError('error loading dynamically imported module: https://example.org/a.js')],
    ['Safari', new TypeError('Importing a module script failed.')],
    ['its style sheet', new Error('Unable to preload CSS for /assets/a.css')],
  ])('that cannot be fetched is missing, in the words of %s', async (_, error) => {
    answerWith(answers(404, 'text/plain'));
    const thrown = await loadScript(() => Promise.reject(error), url).catch((caught: unknown) => caught);
    expect(failureOf(thrown)).toEqual({ code: 'script-missing', isGone: true });
  });

  test('that throws is a bug', async () => {
    const bug = new RangeError('Incorrect locale information provided');
    await expect(loadScript(() => Promise.reject(bug), url)).rejects.toBe(bug);
  });
});
