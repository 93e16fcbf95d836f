import { Play } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { IconButton } from '../kit/icon-button.tsx';

const most = 1024;

interface NumbersFormProps {
  /** A label for each whole number that is asked for. */
  readonly labels: readonly string[];
  /** @param values in the order of the labels */
  readonly onGive: (values: readonly number[]) => void;
}

/** Asks for numbers that are in no file, with a field for each. The first field gets the focus when the form is shown. */
export function NumbersForm({ labels, onGive }: NumbersFormProps) {
  const [texts, setTexts] = useState<readonly string[]>(labels.map(() => ''));
  const id = useId();
  const first = useRef<HTMLInputElement>(null);
  // The dialog was opened for this question, so it gets the focus. In an effect, which runs after the dialog sets its own focus.
  useEffect(() => first.current?.focus(), []);
  const values = texts.map(Number);
  const isGood = values.every((value) => Number.isInteger(value) && value >= 1 && value <= most);
  return (
    <form
      className="model-numbers"
      onSubmit={(event) => {
        event.preventDefault();
        if (isGood) onGive(values);
      }}
    >
      {labels.map((label, index) => (
        <span key={label}>
          <label htmlFor={`${id}-${index}`}>{label}</label>
          <input
            id={`${id}-${index}`}
            type="number"
            min={1}
            max={most}
            step={1}
            required
            ref={index === 0 ? first : null}
            value={texts[index]}
            onChange={(event) => setTexts(texts.map((text, i) => (i === index ? event.target.value : text)))}
          />
        </span>
      ))}
      <IconButton icon={Play} label="Use" withText type="submit" />
    </form>
  );
}
