/** What the entry asks for: the page opens where this file is evaluated. */
import { engineScript, libraryScript } from './begin.ts';
import { openPage } from './ui/open-page.tsx';

/** Whether the style sheet has come, and is one: a host's page of errors has no rules. */
const hasCome = ({ sheet }: HTMLLinkElement): boolean => sheet !== null && sheet.cssRules.length > 0;

/**
 * Asks for a style sheet that is not there. Chromium and Firefox run a script only once each sheet has come or failed, but Safari does
 * not wait, so it may be still on its way. Asking again says which, and gives one that failed another chance.
 * @throws Error when it does not come
 */
function askAgain(link: HTMLLinkElement): Promise<void> {
  const another = link.cloneNode() as HTMLLinkElement;
  return new Promise((resolve, reject) => {
    const end = (): void => (hasCome(another) ? resolve() : reject(new Error(`${link.href} did not come`)));
    another.addEventListener('load', end);
    another.addEventListener('error', end);
    link.replaceWith(another);
  });
}

/**
 * Without its styles the page would be plain text under a logo as large as the window, so it waits for them. A browser's extension
 * may have added others, which are none of the page's business.
 * @throws Error where one does not come
 */
async function waitForStyles(): Promise<void> {
  const home = new URL('.', document.baseURI).href;
  const links = [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')];
  const missing = links.filter((link) => link.href.startsWith(home) && !hasCome(link));
  await Promise.all(missing.map(askAgain));
}

await waitForStyles();
openPage({ engine: engineScript, library: libraryScript });
