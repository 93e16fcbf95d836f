import type { SwitchMark } from '../../core/training.ts';

/** What was switched, as 'centring off'. */
export function describeSwitch({ centring, sharpening }: SwitchMark, before: SwitchMark): string {
  const parts: string[] = [];
  if (centring !== before.centring) parts.push(`centring ${centring ? 'on' : 'off'}`);
  if (sharpening !== before.sharpening) parts.push(`sharpening ${sharpening ? 'on' : 'off'}`);
  return parts.join(', ');
}
