/**
 * The entry: the engine's worker begins to load, and then the page itself is asked for, which loads beside it
 * (`tools/early-scripts-plugin`).
 */
import './begin.ts';
import '@fontsource-variable/instrument-sans';
import './ui/styles/page.css';
import './ui/styles/forced-colors.css';

const sentence =
  'DINOscope could not be opened. Perhaps one of its files did not come, because the network broke off or the page was being updated: load it again.';

try {
  await import('./page.ts');
} catch (error) {
  // Not there any more where the page is, which says itself what is wrong.
  const opening = document.querySelector('.opening');
  if (opening !== null) {
    opening.role = 'alert';
    opening.textContent = sentence;
  }
  throw error;
}
