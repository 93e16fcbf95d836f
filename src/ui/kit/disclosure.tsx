import type { ReactNode } from 'react';
import './disclosure.css';

interface DisclosureProps {
  readonly title: string;
  /** Beside the title, the most telling of what is folded away. */
  readonly hint?: string;
  readonly className?: string;
  /** Whether it starts open; where it changes later, the part follows it. */
  readonly isOpen?: boolean;
  readonly onToggle?: (isOpen: boolean) => void;
  readonly children: ReactNode;
}

/** A part of the page that folds away under its title: the browser's own details element, with our mark. */
export function Disclosure({ title, hint, className, isOpen, onToggle, children }: DisclosureProps) {
  return (
    <details
      className={className === undefined ? 'disclosure' : `disclosure ${className}`}
      open={isOpen}
      onToggle={(event) => onToggle?.(event.currentTarget.open)}
    >
      <summary>
        <span className="disclosure-title">{title}</span>
        {hint !== undefined && <span className="disclosure-hint">{hint}</span>}
      </summary>
      {children}
    </details>
  );
}
