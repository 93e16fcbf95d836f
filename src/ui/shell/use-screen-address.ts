import { useEffect, useRef } from 'react';
import { useApp, useServices } from '../services.tsx';
import { hashOfScreen, screenOfHash } from '../state/address.ts';
import type { Screen } from '../state/app-store.ts';

/** The screen of the browser's present step. Training has no address of its own, so each step keeps the name of its screen too. */
const screenHere = (): Screen | null =>
  (history.state as { readonly screen?: Screen } | null)?.screen ?? screenOfHash(location.hash);

/** The screen is in the page's address: it can be reloaded, kept as a bookmark, and left by the browser's own Back. */
export function useScreenAddress(): void {
  const { store } = useServices();
  const screen = useApp((state) => state.screen);
  const isFirst = useRef(true);
  useEffect(() => {
    const shown = screenHere();
    const opens = isFirst.current;
    isFirst.current = false;
    // A hash that names no screen stays, unless the screen has one of its own.
    if (screen === shown || (screen === 'viewer' && shown === null)) return;
    const address = `${location.pathname}${location.search}${hashOfScreen(screen)}`;
    // A reload of training opens the viewer in its place.
    if (opens) history.replaceState({ screen }, '', address);
    else history.pushState({ screen }, '', address);
  }, [screen]);
  useEffect(() => {
    const turn = (): void => {
      const wanted = screenHere();
      const { screen: now, setScreen } = store.getState();
      if (wanted !== null && wanted !== now) setScreen(wanted);
    };
    addEventListener('popstate', turn);
    return () => removeEventListener('popstate', turn);
  }, [store]);
}
