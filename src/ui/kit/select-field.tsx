import { useId } from 'react';
import './fields.css';

interface SelectFieldProps {
  readonly label: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Somebody is about to open it. */
  readonly onApproach?: () => void;
}

/** A choice of many options, or of options with long names. */
export function SelectField({ label, choices, value, onChange, onApproach }: SelectFieldProps) {
  const id = useId();
  return (
    <div className="field select-field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        title={choices.find((choice) => choice.value === value)?.label}
        onFocus={onApproach}
        onPointerEnter={onApproach}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}
