import { useEffect, useSyncExternalStore } from 'react';
import { contractOf } from '../../lenses/contracts.ts';
import { useApp, useServices } from '../services.tsx';
import { rememberSettings } from '../state/settings.ts';

/** Theme and settings, on the page and in its memory. */
export function useRememberedSettings(): void {
  const theme = useApp((state) => state.theme);
  const drawings = useApp((state) => state.drawings);
  const shared = useApp((state) => state.shared);
  const model = useApp((state) => state.models.remembered);
  const notesSeen = useApp((state) => state.notesSeen);
  const detailsOpen = useApp((state) => state.detailsOpen);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    const ground = getComputedStyle(document.documentElement).getPropertyValue('--ground').trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', ground);
  }, [theme]);
  useEffect(() => {
    // A slider on its way need not write at every step.
    const settings = { theme, drawings, shared, model, notesSeen, detailsOpen };
    const timer = setTimeout(() => rememberSettings(settings), 250);
    return () => clearTimeout(timer);
  }, [theme, drawings, shared, model, notesSeen, detailsOpen]);
}

/** The whole screen while presenting, where the browser allows it; leaving it ends the presentation. */
export function usePresentation(): boolean {
  const { store } = useServices();
  const presenting = useApp((state) => state.presenting);
  useEffect(() => {
    if (presenting) {
      // Refused (an iframe, a phone) means: within the window.
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

/** Bitmaps of photographs that are gone hold memory. */
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

/** Whether the page is used with fingers, which tap, hover over nothing and have no keys. */
export const useCoarsePointer = (): boolean =>
  useSyncExternalStore(watchPointer, () => coarsePointer().matches);

/** The first photograph comes with a word about what is not to be seen: that its patches can be asked. */
export function usePatchNote(): void {
  const { store } = useServices();
  const press = useCoarsePointer() ? 'Tap' : 'Click';
  const asks = useApp((state) => contractOf(state.lens).asks);
  useEffect(() => {
    const { sayNote, withdrawNote } = store.getState();
    if (!asks) withdrawNote('ask-a-patch');
    else sayNote('ask-a-patch', `${press} a patch: what does it look at?`);
  }, [store, press, asks]);
}

/** The page's width in its own letters; null until it is asked for. To ask makes the browser lay the page out at once. */
let widthRem: number | null = null;

function measureWidth(): number {
  const root = document.documentElement;
  widthRem ??= root.clientWidth / parseFloat(getComputedStyle(root).fontSize);
  return widthRem;
}

function watchWidth(changed: () => void): () => void {
  // Told when the page has been laid out; larger letters change its height, if nothing else.
  const observer = new ResizeObserver(() => {
    widthRem = null;
    changed();
  });
  observer.observe(document.documentElement);
  return () => observer.disconnect();
}

/**
 * Whether the page has less than so many rem across: the same as `@container page (width < …rem)` in the style sheets. A media query
 * would measure in the browser's own letters, and not in those that the page has.
 */
export const useIsNarrowerThan = (rem: number): boolean =>
  useSyncExternalStore(watchWidth, () => measureWidth() < rem);

const watchOnline = (changed: () => void): (() => void) => {
  addEventListener('online', changed);
  addEventListener('offline', changed);
  return () => {
    removeEventListener('online', changed);
    removeEventListener('offline', changed);
  };
};

/** False only where there is certainly no network; a network that leads nowhere counts as one. */
export const useOnline = (): boolean => useSyncExternalStore(watchOnline, () => navigator.onLine);
