import './fields.css';

interface SwitchFieldProps {
  readonly label: string;
  readonly checked: boolean;
  /** The switch stands at the end of its label's line, not below it. */
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
