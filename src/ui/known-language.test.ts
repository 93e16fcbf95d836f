import { expect, test } from 'vitest';
import { replaceUnknownLanguage } from './known-language.ts';

/** As in browsers: a read-only property of the prototype. */
const browserWith = (language: string): { readonly language: string } =>
  Object.create({
    get language() {
      return language;
    },
  }) as { readonly language: string };

test.each(['C', 'C.UTF-8', 'en_US', ''])('"%s", which Intl refuses, is taken for English', (language) => {
  expect(() => new Intl.DateTimeFormat(language)).toThrow(RangeError);
  const browser = browserWith(language);
  replaceUnknownLanguage(browser);
  expect(browser.language).toBe('en');
});

test.each(['de-CH', 'en-US', 'zh-Hant-TW'])('%s stays', (language) => {
  const browser = browserWith(language);
  replaceUnknownLanguage(browser);
  expect(browser.language).toBe(language);
});
