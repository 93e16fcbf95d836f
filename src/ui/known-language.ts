/**
 * Replaces an unknown `navigator.language`. On a system without a language (LANG=C) it may be "C", which makes `Intl` throw. Libraries
 * pass it to `Intl` without a check, some as soon as they are imported.
 */
export function replaceUnknownLanguage(browser: { readonly language: string }): void {
  try {
    void new Intl.NumberFormat(browser.language);
  } catch {
    Object.defineProperty(browser, 'language', { value: 'en', configurable: true });
  }
}
