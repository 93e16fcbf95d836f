import { useRef, type ReactNode } from 'react';
import './disclosure.css';

interface DisclosureProps {
  readonly title: string;
  /** Shown beside the title: the most important part of the folded content. */
  readonly hint?: string;
  readonly className?: string;
  /** Whether it is open at first. A later change opens or closes it. */
  readonly isOpen?: boolean;
  readonly onToggle?: (isOpen: boolean) => void;
  readonly children: ReactNode;
}

/** A section that folds away under its title: a native details element with our own marker. */
export function Disclosure({ title, hint, className, isOpen, onToggle, children }: DisclosureProps) {
  // One that is open from the start scrolls nothing.
  const wasPressed = useRef(false);
  return (
    <details
      className={className === undefined ? 'disclosure' : `disclosure ${className}`}
      open={isOpen}
      onToggle={(event) => {
        const { currentTarget: details } = event;
        onToggle?.(details.open);
        // What opens below the edge of its column would not be seen. Its content comes with the next frame.
        if (details.open && wasPressed.current)
          requestAnimationFrame(() => details.scrollIntoView({ block: 'nearest' }));
        wasPressed.current = false;
      }}
    >
      <summary onClick={() => (wasPressed.current = true)}>
        <span className="disclosure-title">{title}</span>
        {hint !== undefined && <span className="disclosure-hint">{hint}</span>}
      </summary>
      {children}
    </details>
  );
}
