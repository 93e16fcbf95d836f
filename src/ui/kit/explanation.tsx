import { Info } from 'lucide-react';
import { type ToggleEvent, useId, useRef } from 'react';
import './explanation.css';

interface ExplanationProps {
  /** The term that is explained, as written on the page. */
  readonly term: string;
  readonly text: string;
}

const marginPx = 8;

/** Whether an explanation is open. The browser closes it on Escape. */
export const isExplanationOpen = (): boolean => document.querySelector('.explanation[data-open]') !== null;

/** A button beside a term that opens its explanation, by mouse, touch and keyboard. The browser closes it. */
export function Explanation({ term, text }: ExplanationProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const place = ({ newState, currentTarget }: ToggleEvent<HTMLElement>): void => {
    currentTarget.toggleAttribute('data-open', newState === 'open');
    if (newState !== 'open' || button.current === null) return;
    const box = button.current.getBoundingClientRect();
    const root = document.documentElement;
    const widthPx = Math.min(
      20 * parseFloat(getComputedStyle(root).fontSize),
      root.clientWidth - 2 * marginPx,
    );
    const leftPx = Math.max(marginPx, Math.min(box.left, root.clientWidth - widthPx - marginPx));
    // The height is unknown until it is rendered, so it opens on the side with more space.
    const isAbove = box.top > innerHeight - box.bottom;
    currentTarget.dataset['above'] = String(isAbove);
    currentTarget.style.left = `${leftPx + scrollX}px`;
    currentTarget.style.top = `${(isAbove ? box.top - marginPx : box.bottom + marginPx) + scrollY}px`;
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="explain"
        aria-label={`What “${term}” means`}
        popoverTarget={id}
      >
        <Info aria-hidden="true" />
      </button>
      <span id={id} popover="auto" className="explanation" onBeforeToggle={place}>
        {text}
      </span>
    </>
  );
}
