import { Maximize, ZoomIn, ZoomOut } from 'lucide-react';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp } from '../services.tsx';
import { zoomByKey } from './zoom-keys.ts';
import { useView } from './use-view.ts';
import type { ZoomKey } from '../state/zoom.ts';
import { withUnit } from '../../core/with-unit.ts';
import './zoom-controls.css';

/** While a part of the picture is shown: nearer, further, and the way back. */
export function ZoomControls({ of }: { readonly of: ZoomKey }) {
  const { scale } = useView(of);
  const state = useApp((all) => all);
  if (scale === 1) return null;
  return (
    <div className="zoom-controls" role="group" aria-label="Zoom">
      <IconButton icon={ZoomOut} label="Zoom out (−)" onClick={() => zoomByKey(state, of, 'out')} />
      <span>{withUnit(Math.round(100 * scale), '%')}</span>
      <IconButton icon={ZoomIn} label="Zoom in (+)" onClick={() => zoomByKey(state, of, 'in')} />
      <IconButton
        icon={Maximize}
        label="Whole photograph (0)"
        onClick={() => zoomByKey(state, of, 'whole')}
      />
    </div>
  );
}
