import { expect, test } from 'vitest';
import type { ModelDescription } from '../../core/model.ts';
import { createAppStore } from '../state/app-store.ts';
import { chosenModel, type ChosenModel } from '../state/model-choice.ts';
import { parseSettings } from '../state/settings.ts';
import { holdUsedModels } from './hold-used-models.ts';

/** A fake LockManager, and the names of the locks that are held. */
function fakeLocks(): { locks: LockManager; held: string[] } {
  const held: string[] = [];
  const request = async (name: string, options: LockOptions, work: () => Promise<void>): Promise<void> => {
    held.push(`${name} ${options.mode}`);
    await work();
    held.splice(held.indexOf(`${name} ${options.mode}`), 1);
  };
  return { locks: { request } as unknown as LockManager, held };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const stored = (id: string): ChosenModel =>
  chosenModel({ kind: 'stored', id }, { kind: 'tfjs-files', files: new Map() });

test('a kept model is held while it is in use or on its way, and then let go', async () => {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 320 });
  const { locks, held } = fakeLocks();
  holdUsedModels(store, locks);
  const use = (model: ChosenModel): void =>
    store.getState().setUsedModel({ ...model, description: {} as ModelDescription });
  const bring = (model: ChosenModel | null): void =>
    store
      .getState()
      .setModelSwitch(model && { purpose: 'use', choice: model.choice, title: 'x', progress: null });

  use(chosenModel({ kind: 'served', id: 'mini' }, { kind: 'tfjs', url: 'x' }));
  await settle();
  expect(held).toEqual([]);
  bring(stored('a'));
  await settle();
  expect(held).toEqual(['dinoscope-model-used-a shared']);
  use(stored('a'));
  bring(null);
  await settle();
  expect(held).toEqual(['dinoscope-model-used-a shared']);
  bring(stored('b'));
  await settle();
  expect(held).toEqual(['dinoscope-model-used-a shared', 'dinoscope-model-used-b shared']);
  use(stored('b'));
  bring(null);
  await settle();
  expect(held).toEqual(['dinoscope-model-used-b shared']);
  use(chosenModel({ kind: 'served', id: 'mini' }, { kind: 'tfjs', url: 'x' }));
  await settle();
  expect(held).toEqual([]);
});
