import { useId } from 'react';
import './fields.css';

interface RangeFieldProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly value: number;
  /** What a screen reader says for the value, with its unit. */
  readonly valueText: string;
  readonly display: string;
  readonly onChange: (value: number) => void;
}

export function RangeField({ label, min, max, value, valueText, display, onChange }: RangeFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <div className="field-head">
        <label className="field-label" htmlFor={id}>
          {label}
        </label>
        <span className="field-value" aria-hidden="true">
          {display}
        </span>
      </div>
      <div className="range" style={{ '--fill': (value - min) / (max - min) }}>
        <input
          id={id}
          type="range"
          min={min}
          max={max}
          value={value}
          aria-valuetext={valueText}
          onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
        />
      </div>
    </div>
  );
}
