import { createContext, type ReactNode, use } from 'react';
import { useStore } from 'zustand';
import type { Classes } from './engine/classes.ts';
import type { Masks } from './engine/masks.ts';
import type { Pictures } from './engine/pictures.ts';
import type { EngineSession } from './engine/session.ts';
import type { ModelLibrary } from './models/model-library.ts';
import type { RecogniseSession } from './recognise/recognise-session.ts';
import type { RecogniseState } from './recognise/recognise-state.ts';
import type { TrainingSession } from './training/training-session.ts';
import type { TrainingState } from './training/training-state.ts';
import type { AppActions, AppState, AppStore } from './state/app-store.ts';

/** The services that components use. Made once in open-page.tsx; tests make their own. */
export interface Services {
  readonly store: AppStore;
  readonly session: EngineSession;
  readonly pictures: Pictures;
  readonly masks: Masks;
  readonly classes: Classes;
  readonly library: ModelLibrary;
  readonly training: TrainingSession;
  readonly recognise: RecogniseSession;
}

const ServicesContext = createContext<Services | null>(null);

export function ServicesProvider({ services, children }: { services: Services; children: ReactNode }) {
  return <ServicesContext value={services}>{children}</ServicesContext>;
}

export function useServices(): Services {
  const services = use(ServicesContext);
  if (!services) throw new Error('useServices outside ServicesProvider');
  return services;
}

/** @param select must return the same object for the same state, so it must not create one */
export const useApp = <T,>(select: (state: AppState & AppActions) => T): T =>
  useStore(useServices().store, select);

/** @param select as for `useApp` */
export const useTraining = <T,>(select: (state: TrainingState) => T): T =>
  useStore(useServices().training.store, select);

/** @param select as for `useApp` */
export const useRecognise = <T,>(select: (state: RecogniseState) => T): T =>
  useStore(useServices().recognise.store, select);
