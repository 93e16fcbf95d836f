import { Cpu, Info, RefreshCw, RotateCw, TriangleAlert, Undo2, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { useApp, useServices } from '../services.tsx';
import type { Offer } from '../state/messages.ts';
import type { NoteId } from '../state/notes.ts';
import { backendTitles } from '../words.ts';
import { IconButton } from '../kit/icon-button.tsx';
import './messages.css';

interface MessagesProps {
  /** False leaves the notes out. A dialog does so, since it only repeats messages about what happens while it is open. */
  readonly withNotes?: boolean;
}

const offerIcons = { undo: Undo2, reload: RefreshCw };

function OfferButton({ does, label, onClick }: Pick<Offer, 'does' | 'label'> & { onClick(): void }) {
  const button = useRef<HTMLButtonElement>(null);
  // What had the focus may be gone with what was removed.
  useEffect(() => {
    if (document.activeElement === document.body) button.current?.focus();
  }, []);
  return <IconButton icon={offerIcons[does]} label={label} withText ref={button} onClick={onClick} />;
}

/** The page's messages. Each stays until it is dismissed, and is announced to screen readers. */
export function Messages({ withNotes = true }: MessagesProps) {
  const all = useApp((state) => state.messages);
  const canAsk = useApp(({ screen, order }) => screen === 'viewer' && order.length > 0);
  const isShown = (note: NoteId | null): boolean =>
    note === null || (withNotes && (note !== 'ask-a-patch' || canAsk));
  const messages = all.filter(({ note }) => isShown(note));
  const dismiss = useApp((state) => state.dismiss);
  return (
    <div className="messages" role="status">
      {messages.map(({ id, tone, text, note, offer }) => (
        <div key={id} className="message" data-tone={tone} data-note={note}>
          {tone === 'warning' ? <TriangleAlert aria-hidden="true" /> : <Info aria-hidden="true" />}
          <p>{text}</p>
          {offer !== null && (
            <OfferButton
              does={offer.does}
              label={offer.label}
              onClick={() => {
                dismiss(id);
                offer.take();
              }}
            />
          )}
          <IconButton icon={X} label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}

/** Shown when the engine does not start or was lost too often: what happened and what can be done. */
export function EngineFailure() {
  const engine = useApp((state) => state.engine);
  const { session } = useServices();
  const instead = engine.status === 'failed' ? engine.instead : null;
  return (
    <div className="engine-alert" role="alert">
      {engine.status === 'failed' && (
        <div className="message engine-failure" data-tone="warning">
          <TriangleAlert aria-hidden="true" />
          <p>
            {describeFailure(engine.failure)}
            {engine.repeatedly &&
              ' That was the third time within two minutes, so the engine is not started again by itself. Your photographs and their results stay.'}
          </p>
          <div className="engine-failure-actions">
            {engine.failure.code === 'script-missing' && (
              <IconButton
                icon={RefreshCw}
                label="Reload the page"
                withText
                onClick={() => location.reload()}
              />
            )}
            {!(engine.failure.code === 'script-missing' && engine.failure.isGone) && (
              <IconButton icon={RotateCw} label="Try again" withText onClick={() => session.startAgain()} />
            )}
            {instead !== null && (
              <IconButton
                icon={Cpu}
                label={`Use ${backendTitles[instead]} instead`}
                withText
                onClick={() => session.startAgain(instead)}
              />
            )}
          </div>
        </div>
      )}
    </div>
  );
}
