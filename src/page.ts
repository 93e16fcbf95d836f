/** What the entry asks for: the page opens where this file is evaluated. */
import { engineScript, libraryScript } from './begin.ts';
import { openPage } from './ui/open-page.tsx';

openPage({ engine: engineScript, library: libraryScript });
