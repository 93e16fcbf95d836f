import { Minimize2 } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useApp } from '../services.tsx';
import { ClassesPanel } from './classes-panel.tsx';
import { PictureDetails } from './picture-details.tsx';
import { useIsNarrowerThan, useIsPhone, usePatchNote } from './use-page-effects.ts';
import { LensBar } from './lens-bar.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { FilmStrip } from './film-strip.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { StageCaption } from './stage-caption.tsx';
import { Stage } from './stage.tsx';
import { usePicture } from './use-picture.ts';
import { LensTiles } from './lens-tiles.tsx';
import { shownOutcome } from '../state/looks.ts';
import { frameOf } from './use-scene.ts';
import './viewer.css';

/** The stage, tiles, settings and film strip, for the selected photograph. */
export function Viewer() {
  const photo = useApp((state) => (state.selectedId === null ? undefined : state.photos[state.selectedId]));
  const presenting = useApp((state) => state.presenting);
  const setPresenting = useApp((state) => state.setPresenting);
  const isNarrow = useIsNarrowerThan(60);
  const isPhone = useIsPhone();
  const [sidePx, setSidePx] = useState<number | null>(null);
  const bitmap = usePicture(photo?.id ?? null, sidePx);
  const needSide = useCallback((side: number) => setSidePx(side), []);
  // Before the first photograph the page may have been scrolled down to the samples.
  useEffect(() => {
    window.scrollTo(0, 0); // Braces, because newer browsers return a promise, which React would take for a cleanup function.
  }, []);
  usePatchNote();
  const outcome = useApp((state) => (photo === undefined ? null : shownOutcome(state, photo)));
  if (!photo) return null;

  const size = outcome === null ? bitmap : frameOf(outcome).photoSizePx;
  const aspect = size ? size.width / size.height : 4 / 3;
  // A file that is not a picture has no tiles.
  const isNothing = photo.state.status === 'failed' && bitmap === null && outcome === null;
  const caption = <StageCaption photo={photo} />;
  const lenses = presenting ? null : <LensBar key="lenses" />;
  const tiles = (
    <section key="tiles" className="viewer-tiles" aria-label="What to show">
      {!isNothing && <LensTiles photo={photo} aspect={aspect} bitmap={bitmap} />}
    </section>
  );
  const stage = (
    <Stage key="stage" photo={photo} bitmap={bitmap} aspect={aspect} onNeedsSide={needSide}>
      {!isNarrow && caption}
    </Stage>
  );
  return (
    <main className="viewer">
      {/* In the order in which they are seen, so that Tab goes through the page as the eye does. */}
      {isNarrow ? [stage, lenses, tiles] : [lenses, tiles, stage]}
      {isNarrow && caption}
      {presenting ? (
        <IconButton
          icon={Minimize2}
          label="End the presentation (Esc)"
          className="viewer-leave"
          onClick={() => setPresenting(false)}
        />
      ) : (
        <>
          <div className="viewer-side">
            <SettingsPanel photo={photo} collapsible={isNarrow} startsOpen={!isPhone} />
            <div className="picture-panels">
              <PictureDetails photo={photo} />
              <ClassesPanel photo={photo} />
            </div>
          </div>
          <FilmStrip />
        </>
      )}
    </main>
  );
}
