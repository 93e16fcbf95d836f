import { useId, useState } from 'react';
import { WarningMark } from '../kit/warning-mark.tsx';
import './number-field.css';

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  /** The official default, or null where there is none to compare with. */
  readonly official: number | null;
  /** What is known to go wrong with this value; null: nothing. */
  readonly warning: string | null;
  readonly onChange: (value: number) => void;
}

/** As people write numbers, with a decimal point or comma. @returns NaN where it is none */
function parseNumber(text: string): number {
  const plain = text.trim().replace(',', '.');
  return plain === '' ? NaN : Number(plain);
}

/** A number with its official default beside it. What cannot be is said, and stays in the field to be mended. */
export function NumberField(props: NumberFieldProps) {
  const { label, value, min, max, isWhole, official, warning, onChange } = props;
  const id = useId();
  /** What somebody is typing; it may be no number yet. */
  const [typed, setTyped] = useState<string | null>(null);
  const isValid = value >= min && value <= max && (!isWhole || Number.isInteger(value));
  const problem = isValid ? null : `A ${isWhole ? 'whole ' : ''}number from ${min} to ${max}.`;
  // Object.is: what is no number stays as it was typed, until a preset puts a number there.
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
