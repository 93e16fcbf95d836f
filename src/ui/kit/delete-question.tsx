import { Trash2, Undo2 } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { IconButton } from './icon-button.tsx';

interface DeleteQuestionProps {
  /** Of the button that asks. */
  readonly label: string;
  /** What stands before that button while nothing is asked. */
  readonly children?: ReactNode;
  readonly className?: string;
  /** Ends when the thing is gone, or could not be deleted. */
  onDelete(): Promise<unknown>;
}

/**
 * A button for deleting that asks first. The focus is on “Keep it” then, so that a second press of Enter deletes nothing. Escape answers
 * the question with no, and does nothing else.
 */
export function DeleteQuestion({ label, children, className, onDelete }: DeleteQuestionProps) {
  const [isAsking, setAsking] = useState(false);
  const wasAsking = useRef(false);
  const keep = useRef<HTMLButtonElement>(null);
  const ask = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isAsking) keep.current?.focus();
    else if (wasAsking.current) ask.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    setAsking(false);
  };
  return (
    <div className={className}>
      {isAsking ? (
        <>
          <IconButton
            icon={Trash2}
            label="Delete it"
            withText
            onKeyDown={leave}
            onClick={() => void onDelete().finally(() => setAsking(false))}
          />
          <IconButton
            icon={Undo2}
            label="Keep it"
            withText
            ref={keep}
            onKeyDown={leave}
            onClick={() => setAsking(false)}
          />
        </>
      ) : (
        <>
          {children}
          <IconButton icon={Trash2} label={label} ref={ask} onClick={() => setAsking(true)} />
        </>
      )}
    </div>
  );
}
