import { Check, Copy, Download, LayoutGrid, Presentation, Scissors, Square, Undo2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { contractOf } from '../../lenses/contracts.ts';
import { tokenTitle } from '../../lenses/query-title.ts';
import { differenceLayer } from '../../render/compare-layers.ts';
import { Breakable } from '../kit/breakable.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useServices } from '../services.tsx';
import { allAreShown, canShowAll, pickedOn, secondOf, shownOutcome, type Outcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { viewOf } from '../../lenses/views.ts';
import { describePhotoNotice } from '../../core/photo.ts';
import { useComparison, type ComparedSide, type Comparison } from './comparison.ts';
import { MaskDialog } from './mask-dialog.tsx';
import { foundIn } from './save-masks.ts';
import { canCopyPicture, copyPicture, savePicture, type StagePicture } from './save-picture.ts';
import { useIsPhone } from './use-page-effects.ts';
import { markedPatch, sceneOf, usePanelProps, useScene, type AnyPanelProps } from './use-scene.ts';
import './stage-caption.css';

interface PictureActionsProps {
  readonly photo: Photo;
  readonly outcome: Outcome;
}

function PictureActions({ photo, outcome: shown }: PictureActionsProps) {
  const { store, pictures } = useServices();
  const [copied, setCopied] = useState(false);
  const [masked, setMasked] = useState<StagePicture | null>(null);
  const scene = useScene(shown);
  const comparison = useComparison(photo);
  const setPresenting = useApp((state) => state.setPresenting);
  const isPhone = useIsPhone();
  const hasMasks = useMemo(() => scene !== null && foundIn(shown, scene).length > 0, [shown, scene]);
  const explain = (): void => {
    store.getState().say('The picture could not be made. Try again in a moment.', 'warning');
  };
  const pictureOf = (of: Photo): StagePicture | null => {
    const state = store.getState();
    const outcome = shownOutcome(state, of);
    if (outcome === null) return null;
    const drawn = sceneOf(outcome, state.drawings, state.shared);
    return { photo: of, outcome, scene: drawn, marked: markedPatch(of, outcome), pictures };
  };
  const onStage = (): readonly StagePicture[] => {
    const state = store.getState();
    const showsAll = allAreShown(state);
    if (comparison !== null && !showsAll) return comparedPictures(comparison);
    const shownPhotos = showsAll ? state.order.map((id) => state.photos[id]) : [photo];
    return shownPhotos.flatMap((each) => (each === undefined ? [] : (pictureOf(each) ?? [])));
  };
  const comparedPictures = ({ own, other }: Comparison): readonly StagePicture[] => {
    const { comparisonView: view, shared } = store.getState();
    const toPicture = ({ outcome, scene: drawn, name }: ComparedSide): StagePicture => ({
      photo,
      outcome,
      scene: drawn,
      marked: markedPatch(photo, outcome),
      pictures,
      name,
    });
    const difference =
      view === 'difference' ? differenceLayer(own.layers, other.layers, shared.opacityPercent / 100) : null;
    if (difference === null) return [toPicture(own), toPicture(other)];
    return [{ ...toPicture(own), layers: [difference], name: `${own.name} (red), ${other.name} (blue)` }];
  };
  const save = async (): Promise<void> => {
    if (!(await savePicture(onStage()))) explain();
  };
  const copy = async (): Promise<void> => {
    const done = await copyPicture(onStage());
    if (!done) explain();
    setCopied(done);
    if (done) store.getState().announce('Copied.');
  };
  return (
    <div className="caption-actions">
      {isPhone && <IconButton icon={Presentation} label="Present (F)" onClick={() => setPresenting(true)} />}
      <IconButton icon={Download} label="Save picture" onClick={() => void save()} />
      {canCopyPicture() && (
        <IconButton
          icon={copied ? Check : Copy}
          label="Copy picture"
          onClick={() => void copy()}
          onBlur={() => setCopied(false)}
        />
      )}
      {hasMasks && (
        <IconButton
          icon={Scissors}
          label="Save cut-out, mask, boxes"
          onClick={() => setMasked(pictureOf(photo))}
        />
      )}
      {masked !== null && <MaskDialog picture={masked} onClose={() => setMasked(null)} />}
    </div>
  );
}

interface OtherWordsProps {
  readonly comparison: Comparison;
  readonly props: AnyPanelProps;
}

/** The same sentence about the other side of a comparison, its own key to the colours, and what those of a difference mean. */
function OtherWords({ comparison: { own, other, agreement }, props }: OtherWordsProps) {
  const view = useApp((state) => state.comparisonView);
  const { describe, Below, isBelowOfResult = false } = viewOf(other.outcome.look.lens);
  const { scene } = other;
  const isDifference = view === 'difference' && agreement !== null;
  return (
    <>
      <p className="caption-view">
        <b>{other.name}:</b> {describe(scene)}
        {isDifference && ` Red: brighter for ${own.name}. Blue: brighter for ${other.name}.`}
      </p>
      {Below !== undefined && isBelowOfResult && (
        <Below {...props} scene={scene} params={scene.params} drawing={scene.drawing} />
      )}
    </>
  );
}

/** The lens's sentence about the shown result, and its legend. */
function Words({ photo, outcome }: { readonly photo: Photo; readonly outcome: Outcome }) {
  const scene = useScene(outcome);
  const props = usePanelProps(photo);
  const compared = useComparison(photo);
  const showsAll = useApp(allAreShown);
  const comparison = showsAll ? null : compared;
  const { describe, Below } = viewOf(outcome.look.lens);
  if (scene === null) return null;
  return (
    <>
      <p className="caption-view">
        {comparison !== null && <b>{comparison.own.name}: </b>}
        {describe(scene)}
      </p>
      {Below !== undefined && <Below {...props} />}
      {comparison !== null && <OtherWords comparison={comparison} props={props} />}
    </>
  );
}

/** The caption under the photograph: its title, and what is shown. */
export function StageCaption({ photo }: { readonly photo: Photo }) {
  const token = useApp((state) => state.token);
  const pickPoint = useApp((state) => state.pickPoint);
  const outcome = useApp((state) => shownOutcome(state, photo));
  const second = useApp((state) => (outcome === null ? null : secondOf(state, outcome)));
  const picked = useApp((state) => pickedOn(state, photo));
  const mayShowAll = useApp(canShowAll);
  const showsAll = useApp(allAreShown);
  const setShowsAll = useApp((state) => state.setShowsAll);
  // Both buttons come and go with the pointer. Their room stays, so that the photograph does not move under it.
  const asks = useApp((state) => contractOf(state.lens).asks);
  const looksAtSeveral = useApp(
    ({ lens, order }) => order.length > 1 && contractOf(lens).looksAt !== undefined,
  );
  const credits = [...new Set([photo.credit, second?.credit])].filter((credit) => typeof credit === 'string');
  const notices = outcome?.looked.passes.flatMap((pass) => pass.notices) ?? [];
  return (
    <div className="caption">
      <div className="caption-title">
        <h2 title={[photo.name, ...(second === null ? [] : [second.name])].join(' and ')}>
          <Breakable name={photo.name} />
          {second !== null && (
            <>
              {' and '}
              <Breakable name={second.name} />
            </>
          )}
        </h2>
        {credits.length > 0 && (
          <span className="caption-credit">
            {credits.length === 1 ? 'Photograph' : 'Photographs'}: {credits.join('; ')}
          </span>
        )}
        {looksAtSeveral && (
          <IconButton
            icon={showsAll ? Square : LayoutGrid}
            label={showsAll ? 'One photograph' : 'All photographs'}
            withText
            className="caption-button"
            data-reserved={!mayShowAll}
            onClick={() => setShowsAll(!showsAll)}
          />
        )}
        {asks && (
          <IconButton
            icon={Undo2}
            label={`Back to ${token === 0 ? 'CLS' : tokenTitle(token).toLowerCase()}`}
            withText
            className="caption-button"
            data-reserved={picked === null}
            onClick={() => pickPoint(picked ?? photo.id, null)}
          />
        )}
        {outcome !== null && <PictureActions photo={photo} outcome={outcome} />}
      </div>
      {/* Its room is there before the result, so that the photograph does not move when it comes. */}
      <div className="caption-words">{outcome !== null && <Words photo={photo} outcome={outcome} />}</div>
      {notices.map((notice) => (
        <p key={notice} className="caption-notice">
          {describePhotoNotice(notice)}
        </p>
      ))}
    </div>
  );
}
