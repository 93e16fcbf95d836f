import { useId } from 'react';
import { Explanation } from './explanation.tsx';
import './fields.css';

interface RangeFieldProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly value: number;
  /** The value with its unit, for screen readers. */
  readonly valueText: string;
  readonly display: string;
  /** Explains the label. */
  readonly explanation?: string;
  readonly onChange: (value: number) => void;
}

export function RangeField(props: RangeFieldProps) {
  const { label, min, max, value, valueText, display, explanation, onChange } = props;
  const id = useId();
  return (
    <div className="field">
      <div className="field-head">
        <label className="field-label" htmlFor={id}>
          {label}
        </label>
        {explanation !== undefined && <Explanation term={label} text={explanation} />}
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
