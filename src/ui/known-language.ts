/**
 * A browser on a system without a language (LANG=C) may say that its language is "C". `Intl` throws at that, and libraries hand
 * `navigator.language` to it without asking, even when they are imported.
 */
export function replaceUnknownLanguage(browser: { readonly language: string }): void {
  try {
    void new Intl.NumberFormat(browser.language);
  } catch {
    Object.defineProperty(browser, 'language', { value: 'en', configurable: true });
  }
}
