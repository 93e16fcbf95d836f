import { type ReactNode, useId } from 'react';
import { Explanation } from './explanation.tsx';
import './fields.css';

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  /** Shown instead of the label; the label is still the accessible name. */
  readonly picture?: ReactNode;
}

interface ChoiceFieldProps<T> {
  readonly label: string;
  readonly choices: readonly Choice<T>[];
  readonly value: T;
  /** Text shown beside the label, for choices that are shown as pictures. */
  readonly display?: string;
  readonly note?: string;
  /** Explains the label. */
  readonly explanation?: string;
  readonly onChange: (value: T) => void;
}

/** A choice of a few options: native radio buttons, styled as a divided bar. */
export function ChoiceField<T extends string | number>(props: ChoiceFieldProps<T>) {
  const { label, choices, value, display, note, explanation, onChange } = props;
  const name = useId();
  const labelId = useId();
  return (
    <fieldset className="field choice" aria-labelledby={labelId}>
      <legend className="field-head">
        <span className="field-label" id={labelId}>
          {label}
        </span>
        {explanation !== undefined && <Explanation term={label} text={explanation} />}
        {display !== undefined && (
          <span className="field-value" aria-hidden="true">
            {display}
          </span>
        )}
      </legend>
      <div className="choice-bar">
        {choices.map((choice) => (
          <label key={choice.value} className={choice.picture ? 'choice-item choice-picture' : 'choice-item'}>
            <input
              type="radio"
              className="covering-input"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              aria-label={choice.label}
              onChange={() => onChange(choice.value)}
            />
            {choice.picture ?? <span>{choice.label}</span>}
          </label>
        ))}
      </div>
      {note !== undefined && <p className="field-note">{note}</p>}
    </fieldset>
  );
}
