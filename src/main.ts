/**
 * The entry: the engine's worker begins to load, and then the page itself is asked for, which loads beside it
 * (`tools/early-scripts-plugin`).
 */
import './begin.ts';
import '@fontsource-variable/instrument-sans';
import './ui/styles/page.css';

const sentence =
  'DINOscope could not be opened. Perhaps one of its files did not come, because the network broke off or the page was being updated: load it again.';

try {
  await import('./page.ts');
} catch (error) {
  const root = document.getElementById('root');
  // A page that is there already says itself what is wrong.
  if (root?.hasChildNodes() === false) {
    const alert = document.createElement('p');
    alert.role = 'alert';
    alert.className = 'not-opened';
    alert.textContent = sentence;
    root.append(alert);
  }
  throw error;
}
