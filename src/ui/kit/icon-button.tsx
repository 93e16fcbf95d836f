import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import './icon-button.css';

type IconButtonProps = Omit<ComponentProps<'button'>, 'children'> & {
  readonly icon: LucideIcon;
  readonly label: string;
  /** Whether the label is shown beside the icon; otherwise it is the tooltip. */
  readonly withText?: boolean;
};

export function IconButton({
  icon: Icon,
  label,
  withText = false,
  className = '',
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      className={`icon-button ${withText ? 'icon-button-with-text' : ''} ${className}`}
      aria-label={withText ? undefined : label}
      title={withText ? undefined : label}
      {...rest}
    >
      <Icon aria-hidden="true" />
      {withText && <span>{label}</span>}
    </button>
  );
}
