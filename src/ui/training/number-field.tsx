import { useId, useState } from 'react';
import { WarningMark } from '../kit/warning-mark.tsx';
import './number-field.css';

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  /** The official default; null if there is none to compare with. */
  readonly official: number | null;
  /** A known problem with this value; null if there is none. */
  readonly warning: string | null;
  readonly onChange: (value: number) => void;
}

/** Accepts a decimal point or comma. @returns NaN if the text is not a number */
function parseNumber(text: string): number {
  const plain = text.trim().replace(',', '.');
  return plain === '' ? NaN : Number(plain);
}

/** A number field with the official default beside it. An invalid value stays in the field, with a message. */
export function NumberField(props: NumberFieldProps) {
  const { label, value, min, max, isWhole, official, warning, onChange } = props;
  const id = useId();
  /** The text that is being typed; it may not be a number yet. */
  const [typed, setTyped] = useState<string | null>(null);
  const isValid = value >= min && value <= max && (!isWhole || Number.isInteger(value));
  const problem = isValid ? null : `A ${isWhole ? 'whole ' : ''}number from ${min} to ${max}.`;
  // Object.is compares NaN as equal, so invalid text stays as typed until a preset sets a number.
  const isStill = typed !== null && Object.is(parseNumber(typed), value);
  const text = isStill ? typed : Number.isNaN(value) ? '' : String(value);
  const notes = [
    problem === null && warning === null ? null : `${id}-note`,
    official === null ? null : `${id}-official`,
  ];
  return (
    <div className="number-field" data-invalid={problem !== null}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={isWhole ? 'numeric' : 'decimal'}
        value={text}
        aria-invalid={problem !== null}
        aria-describedby={notes.filter((note) => note !== null).join(' ') || undefined}
        onChange={(event) => {
          const next = event.currentTarget.value;
          setTyped(next);
          onChange(parseNumber(next));
        }}
        onBlur={() => {
          if (!Number.isNaN(value)) setTyped(null);
        }}
      />
      {official !== null && (
        <span className="number-official" id={`${id}-official`}>
          official {official}
        </span>
      )}
      {(problem ?? warning) !== null && (
        <p className="number-note" id={`${id}-note`}>
          <WarningMark />
          {problem ?? warning}
        </p>
      )}
    </div>
  );
}
