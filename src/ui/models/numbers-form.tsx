import { Play } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { IconButton } from '../kit/icon-button.tsx';

const most = 1024;

interface NumbersFormProps {
  /** What is asked for, a whole number each. */
  readonly labels: readonly string[];
  /** @param values in the order of the labels */
  readonly onGive: (values: readonly number[]) => void;
}

/** What is in no file and a person has to say: a field for each number. The first has the focus as soon as it is shown. */
export function NumbersForm({ labels, onGive }: NumbersFormProps) {
  const [texts, setTexts] = useState<readonly string[]>(labels.map(() => ''));
  const id = useId();
  const first = useRef<HTMLInputElement>(null);
  // The question is why the list has opened. An effect, so that it comes after the dialog's own choice of focus.
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
