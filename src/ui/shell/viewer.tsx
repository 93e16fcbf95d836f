import { Minimize2 } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useApp } from '../services.tsx';
import { visibleOutcome } from '../state/photo.ts';
import { useMediaQuery } from './use-page-effects.ts';
import { Controls } from './controls.tsx';
import { FilmStrip } from './film-strip.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { StageCaption } from './stage-caption.tsx';
import { Stage } from './stage.tsx';
import { usePicture } from './use-picture.ts';
import { ViewTiles } from './view-tiles.tsx';
import './viewer.css';

/** Used until the first model says how many heads it has. */
const tilesBeforeModel = 0;

/** The optical bench: stage, tiles, settings, film strip, all about the selected photograph. */
export function Bench() {
  const photo = useApp((state) => (state.selectedId === null ? undefined : state.photos[state.selectedId]));
  const model = useApp((state) => state.model);
  const presenting = useApp((state) => state.presenting);
  const setPresenting = useApp((state) => state.setPresenting);
  const isNarrow = useMediaQuery('(width < 60rem)');
  const isPhone = useMediaQuery('(width < 45rem)');
  const [sidePx, setSidePx] = useState<number | null>(null);
  const bitmap = usePicture(photo?.id ?? null, sidePx);
  const needSide = useCallback((side: number) => setSidePx(side), []);
  // The first photograph takes the place of a page that may have been scrolled down to its sample.
  useEffect(() => {
    window.scrollTo(0, 0); // Newer browsers return a promise, which React would take for what undoes the effect.
  }, []);
  if (!photo) return null;

  const outcome = visibleOutcome(photo.state);
  const size = outcome?.result.photoSizePx ?? bitmap;
  const aspect = size ? size.width / size.height : 4 / 3;
  const numHeads = outcome?.result.numHeads ?? model?.numHeads ?? tilesBeforeModel;
  // What is no picture has no heads to choose from.
  const isNothing = photo.state.status === 'failed' && bitmap === null && outcome === null;
  return (
    <main className="bench">
      <Stage photo={photo} bitmap={bitmap} aspect={aspect} onNeedsSide={needSide}>
        <StageCaption photo={photo} />
      </Stage>
      <section className="bench-views" aria-label="Attention heads">
        {numHeads > 0 && !isNothing && (
          <ViewTiles photo={photo} numHeads={numHeads} aspect={aspect} bitmap={bitmap} outcome={outcome} />
        )}
      </section>
      {presenting ? (
        <IconButton
          icon={Minimize2}
          label="End the presentation (Esc)"
          className="bench-leave"
          onClick={() => setPresenting(false)}
        />
      ) : (
        <>
          <FilmStrip />
          <Controls collapsible={isNarrow} startsOpen={!isPhone} />
        </>
      )}
    </main>
  );
}
