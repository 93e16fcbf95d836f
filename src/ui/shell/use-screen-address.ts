import { useEffect } from 'react';
import { useApp, useServices } from '../services.tsx';
import { hashOfScreen, screenOfHash } from '../state/address.ts';

/** The screen is in the page's address: it can be reloaded, kept as a bookmark, and left by the browser's own Back. */
export function useScreenAddress(): void {
  const { store } = useServices();
  const screen = useApp((state) => state.screen);
  useEffect(() => {
    const hash = hashOfScreen(screen);
    const shown = screenOfHash(location.hash);
    // A hash that names no screen stays, unless the screen has one of its own.
    if (hash === location.hash || (hash === '' && shown === null)) return;
    history.pushState(null, '', `${location.pathname}${location.search}${hash}`);
  }, [screen]);
  useEffect(() => {
    const turn = (): void => {
      const wanted = screenOfHash(location.hash);
      const { screen: now, setScreen } = store.getState();
      // The viewer's address is that of training too.
      if (wanted !== null && hashOfScreen(now) !== hashOfScreen(wanted)) setScreen(wanted);
    };
    addEventListener('popstate', turn);
    return () => removeEventListener('popstate', turn);
  }, [store]);
}
