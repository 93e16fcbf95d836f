import { useEffect, useSyncExternalStore } from 'react';
import { contractOf } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import { useApp, useServices } from '../services.tsx';
import { rememberSettings } from '../state/settings.ts';

/** Applies the theme to the page, and stores the settings. */
export function useRememberedSettings(): void {
  const theme = useApp((state) => state.theme);
  const drawings = useApp((state) => state.drawings);
  const shared = useApp((state) => state.shared);
  const model = useApp((state) => state.models.remembered);
  const heads = useApp((state) => state.heads);
  const notesSeen = useApp((state) => state.notesSeen);
  const detailsOpen = useApp((state) => state.detailsOpen);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    const ground = getComputedStyle(document.documentElement).getPropertyValue('--ground').trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', ground);
  }, [theme]);
  useEffect(() => {
    // While a slider moves, not every step is written.
    const settings = { theme, drawings, shared, model, heads, notesSeen, detailsOpen };
    const timer = setTimeout(() => rememberSettings(settings), 250);
    return () => clearTimeout(timer);
  }, [theme, drawings, shared, model, heads, notesSeen, detailsOpen]);
}

/** Full screen while presenting, where the browser allows it. Leaving full screen ends the presentation. */
export function usePresentation(): boolean {
  const { store } = useServices();
  const presenting = useApp((state) => state.presenting);
  useEffect(() => {
    if (presenting) {
      // If it is refused (in an iframe, on a phone), the presentation stays within the window.
      document.documentElement.requestFullscreen?.().catch(() => undefined);
    } else if (document.fullscreenElement) {
      document.exitFullscreen().catch(() => undefined);
    }
  }, [presenting]);
  useEffect(() => {
    const change = (): void => {
      if (!document.fullscreenElement) store.getState().setPresenting(false);
    };
    document.addEventListener('fullscreenchange', change);
    return () => document.removeEventListener('fullscreenchange', change);
  }, [store]);
  return presenting;
}

/** Frees the bitmaps of photographs that were removed. */
export function usePrunedPictures(): void {
  const { pictures } = useServices();
  const order = useApp((state) => state.order);
  useEffect(() => pictures.prune(), [pictures, order]);
}

const coarsePointer = (): MediaQueryList => matchMedia('(pointer: coarse)');

const watchPointer = (changed: () => void): (() => void) => {
  const list = coarsePointer();
  list.addEventListener('change', changed);
  return () => list.removeEventListener('change', changed);
};

/** Whether the page is used by touch: without hovering and without a keyboard. */
export const useCoarsePointer = (): boolean =>
  useSyncExternalStore(watchPointer, () => coarsePointer().matches);

/** With the first photograph, shows a note that its patches can be asked, since nothing on the page shows it. */
export function usePatchNote(): void {
  const { store } = useServices();
  const press = useCoarsePointer() ? 'Tap' : 'Click';
  const asks = useApp((state) => contractOf(state.lens).asks);
  const ofPatch = useApp((state) => viewOf(state.lens).question?.ofPatch ?? 'what does it look at?');
  useEffect(() => {
    const { sayNote, withdrawNote } = store.getState();
    if (!asks) withdrawNote('ask-a-patch');
    else sayNote('ask-a-patch', `${press} a patch: ${ofPatch}`);
  }, [store, press, asks, ofPatch]);
}

/** The page's width in rem; null until it is first measured. Measuring forces a layout. */
let widthRem: number | null = null;

function measureWidth(): number {
  const root = document.documentElement;
  widthRem ??= root.clientWidth / parseFloat(getComputedStyle(root).fontSize);
  return widthRem;
}

function watchWidth(changed: () => void): () => void {
  // The observer runs after each layout. A change of the font size always changes at least the page's height.
  const observer = new ResizeObserver(() => {
    widthRem = null;
    changed();
  });
  observer.observe(document.documentElement);
  return () => {
    observer.disconnect();
    // Changes are no longer noticed.
    widthRem = null;
  };
}

/**
 * Whether the page is narrower than this many rem: the same as `@container page (width < …rem)` in the style sheets. A media query
 * would use the browser's font size, which differs from the page's.
 */
export const useIsNarrowerThan = (rem: number): boolean =>
  useSyncExternalStore(watchWidth, () => measureWidth() < rem);

/** Whether the page is as narrow as a phone's: `@container page (width < 45rem)`. */
export const useIsPhone = (): boolean => useIsNarrowerThan(45);

const watchOnline = (changed: () => void): (() => void) => {
  addEventListener('online', changed);
  addEventListener('offline', changed);
  return () => {
    removeEventListener('online', changed);
    removeEventListener('offline', changed);
  };
};

/** False only if there is certainly no network. A network without internet access counts as online. */
export const useOnline = (): boolean => useSyncExternalStore(watchOnline, () => navigator.onLine);
