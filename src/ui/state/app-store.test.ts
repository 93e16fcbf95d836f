import { expect, test } from 'vitest';
import { createAppStore } from './app-store.ts';
import { parseSettings } from './settings.ts';

test('a double click takes back what its first click asked, also where another photograph was asked before', () => {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 64 });
  const state = () => store.getState();
  state().addPhotos(
    ['a.jpg', 'b.jpg'].map((name) => ({ name, alt: null, credit: null, blob: new Blob([name]) })),
    true,
  );
  const [a = '', b = ''] = state().order;
  state().pickPoint(a, { x: 0.1, y: 0.2 });
  state().pickPoint(b, { x: 0.5, y: 0.5 });
  state().undoPick(b);
  expect(state().asked).toBe(a);
  expect(state().photos[a]?.point).toEqual({ x: 0.1, y: 0.2 });
  expect(state().photos[b]?.point).toBeNull();
  // Once, and only on the photograph that was clicked.
  state().pickPoint(a, null);
  state().undoPick(b);
  expect(state().asked).toBeNull();
  state().undoPick(a);
  expect(state().photos[a]?.point).toEqual({ x: 0.1, y: 0.2 });
});
