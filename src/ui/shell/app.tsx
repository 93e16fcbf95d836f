import { lazy, type MouseEvent, Suspense, useCallback } from 'react';
import { loadScript } from '../../core/script.ts';
import { Announcement } from './announcement.tsx';
import { Viewer } from './viewer.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { SampleDialog } from './sample-dialog.tsx';
import { DrawingBoundary } from './drawing-boundary.tsx';
import { DropVeil } from './drop-veil.tsx';
import { EmptyState } from './empty-state.tsx';
import { MaskOfDialog } from './mask-of-dialog.tsx';
import { Masthead } from './masthead.tsx';
import { EngineFailure, Messages } from './messages.tsx';
import { ScoreDialog } from './score-dialog.tsx';
import { ModelDialog } from '../models/model-dialog.tsx';
import { useIntake } from './intake/use-intake.ts';
import { type Services, ServicesProvider, useApp } from '../services.tsx';
import { usePresentation, usePrunedPictures, useRememberedSettings } from './use-page-effects.ts';
import { useRescuedFocus } from './use-rescued-focus.ts';
import { useScreenAddress } from './use-screen-address.ts';
import { useCommands } from './use-commands.ts';

/** Loaded when it is first opened: most visits never open it, and its plots are large. */
const TrainingView = lazy(async () => {
  const view = await loadScript(() => import('../training/training-view.tsx'), import.meta.url);
  return { default: view.TrainingView };
});

const RecogniseView = lazy(async () => {
  const view = await loadScript(() => import('../recognise/recognise-view.tsx'), import.meta.url);
  return { default: view.RecogniseView };
});

/** What is shown while the script of a screen is fetched. */
const loading = <main id="content" tabIndex={-1} aria-busy="true" />;

function Content({ onAdd }: { readonly onAdd: () => void }) {
  const screen = useApp((state) => state.screen);
  const isEmpty = useApp((state) => state.order.length === 0);
  switch (screen) {
    case 'training':
      return (
        <Suspense fallback={loading}>
          <TrainingView onAdd={onAdd} />
        </Suspense>
      );
    case 'recognise':
      return (
        <Suspense fallback={loading}>
          <RecogniseView onAdd={onAdd} />
        </Suspense>
      );
    case 'viewer':
      return isEmpty ? <EmptyState onAdd={onAdd} /> : <Viewer />;
  }
}

/** The hash of the address stays: it names the screen. */
const skip = (event: MouseEvent): void => {
  event.preventDefault();
  document.getElementById('content')?.focus();
};

function Page() {
  const { rootProps, inputProps, isDragging, openPicker } = useIntake();
  const dialog = useApp((state) => state.dialog);
  const setDialog = useApp((state) => state.setDialog);
  const isEmpty = useApp((state) => state.order.length === 0);
  const resetDrawing = useApp((state) => state.resetDrawing);
  const closeDialog = useCallback(() => setDialog(null), [setDialog]);
  useCommands();
  useRememberedSettings();
  usePrunedPictures();
  useScreenAddress();
  useRescuedFocus();
  const screen = useApp((state) => state.screen);
  // Presenting needs at least one photograph, curves, or a collection.
  const presenting = usePresentation() && (!isEmpty || screen !== 'viewer');
  return (
    <div
      {...rootProps}
      className="app"
      data-presenting={presenting}
      data-empty={isEmpty || screen !== 'viewer'}
      data-screen={screen}
    >
      <input {...inputProps} />
      <a className="skip-link" href="#content" onClick={skip}>
        Skip to the photographs
      </a>
      {presenting ? (
        <header className="visually-hidden">
          <h1>DINOscope</h1>
        </header>
      ) : (
        <Masthead onAdd={openPicker} />
      )}
      <EngineFailure />
      <Messages />
      <DrawingBoundary key={screen} onRetry={resetDrawing}>
        <Content onAdd={openPicker} />
      </DrawingBoundary>
      <div className="visually-hidden" role="status" data-announcer>
        <Announcement />
      </div>
      {dialog === 'help' && <HelpDialog onClose={closeDialog} />}
      {dialog === 'samples' && <SampleDialog onClose={closeDialog} />}
      {dialog === 'models' && <ModelDialog onClose={closeDialog} onAdd={openPicker} />}
      {dialog === 'mask' && <MaskOfDialog onClose={closeDialog} />}
      {dialog === 'scores' && <ScoreDialog onClose={closeDialog} />}
      <DropVeil visible={isDragging} />
    </div>
  );
}

export function App({ services }: { readonly services: Services }) {
  return (
    <ServicesProvider services={services}>
      <Page />
    </ServicesProvider>
  );
}
