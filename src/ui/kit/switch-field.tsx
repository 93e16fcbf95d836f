import './fields.css';

interface SwitchFieldProps {
  readonly label: string;
  readonly checked: boolean;
  /** Places the switch at the end of the label's line instead of below it. */
  readonly inLine?: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function SwitchField({ label, checked, inLine = false, onChange }: SwitchFieldProps) {
  return (
    <label className={inLine ? 'field switch switch-in-line' : 'field switch'}>
      <span className="field-label">{label}</span>
      <input
        type="checkbox"
        role="switch"
        className="covering-input"
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span className="switch-track" aria-hidden="true" />
    </label>
  );
}
