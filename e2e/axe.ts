/** Accessibility by axe, with all its rules, best practices included. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright/test';

/**
 * In the page itself, which has no frames of other hosts, and with the violations alone listed: by default axe opens another
 * page for its report and describes all that it passed, which takes three times as long.
 */
export const axeOf = (page: Page): AxeBuilder =>
  new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] });
