/** What the entry asks for: the page opens where this file is evaluated. */
import { engineScript, libraryScript } from './begin.ts';
import { openPage } from './ui/open-page.tsx';

/**
 * Without its styles the page would be plain text under a logo as large as the window, so it does not open. A script of the page runs
 * only when all style sheets have come or failed.
 * @throws Error where one has failed
 */
function checkStyles(): void {
  for (const { sheet, href } of document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]'))
    if (sheet === null || sheet.cssRules.length === 0) throw new Error(`${href} did not come`);
}

checkStyles();
openPage({ engine: engineScript, library: libraryScript });
