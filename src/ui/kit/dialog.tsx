import { X } from 'lucide-react';
import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef } from 'react';
import { IconButton } from './icon-button.tsx';
import './dialog.css';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A native modal dialog: it keeps the focus inside, closes on Escape and then returns the focus. It is open while it is mounted. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog: RefObject<HTMLDialogElement | null> = useRef(null);
  const titleId = useId();
  // A layout effect is cleaned up while the dialog is still in the page; close() returns the focus only then.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={titleId}
      onClose={onClose}
      // The target of a click on the backdrop is the dialog itself; the target of a click inside is one of its children.
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="dialog-body">
        <div className="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <IconButton icon={X} label="Close" onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  );
}
