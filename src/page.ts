/** What the entry asks for: the page opens where this file is evaluated. */
import { engineScript, libraryScript } from './begin.ts';
import { openPage } from './ui/open-page.tsx';

/**
 * Without its styles the page would be plain text under a logo as large as the window, so it does not open. A script of the page runs
 * only when all style sheets have come or failed. A browser's extension may have added others, which are none of the page's business.
 * @throws Error where one has failed
 */
function checkStyles(): void {
  const home = new URL('.', document.baseURI).href;
  const links = document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]');
  for (const { sheet, href } of [...links].filter((link) => link.href.startsWith(home)))
    if (sheet === null || sheet.cssRules.length === 0) throw new Error(`${href} did not come`);
}

checkStyles();
openPage({ engine: engineScript, library: libraryScript });
