/** What is shown of a photograph, for components that do not depend on a lens. */
import { useCallback, useMemo, useState } from 'react';
import type { PatchPosition } from '../../core/geometry.ts';
import { contractOf } from '../../lenses/contracts.ts';
import { frameOf as firstFrame, type AnyQuery } from '../../lenses/lens-contract.ts';
import type { PanelProps, Scene } from '../../lenses/lens-view.ts';
import { isCls, queryTitle } from '../../lenses/query-title.ts';
import { viewOf, type AnyLensView } from '../../lenses/views.ts';
import type { Frame } from '../../core/frame.ts';
import { drawTheSame, type Layer } from '../../render/layers.ts';
import type { SharedDrawing } from '../../render/shared-drawing.ts';
import { useApp } from '../services.tsx';
import { shownOutcome, type Outcome } from '../state/looks.ts';
import type { Photo, PhotoMask } from '../state/photo.ts';
import { patchAt } from '../state/photo-point.ts';

export type AnyScene = Scene<object, object, unknown>;
export type AnyPanelProps = PanelProps<object, object, unknown>;

export const frameOf = ({ looked }: Outcome): Frame => firstFrame(looked);

/** The asked token; null if the lens asks none. */
export const queryOf = ({ look }: Outcome): AnyQuery | null =>
  contractOf(look.lens).asks ? (look.params as AnyQuery) : null;

export const asksSeveral = ({ look }: Outcome): boolean => contractOf(look.lens).asksSeveral === true;

/** Whether several patches of the photograph are asked together, which the lens outlines itself. */
export const asksOutline = ({ point }: Photo, outcome: Outcome): boolean =>
  point?.outline !== undefined && asksSeveral(outcome);

/** The patch that is outlined on the photograph, with or without a result yet; null if one of another photograph is asked. */
export function markedPatch(photo: Photo, outcome: Outcome | null): PatchPosition | null {
  const { id, point } = photo;
  if (point === null || outcome === null || queryOf(outcome) === null || asksOutline(photo, outcome))
    return null;
  const [asked = id] = outcome.look.of;
  return asked === id ? patchAt(point, frameOf(outcome)) : null;
}

export const sceneOf = (
  { look, looked }: Outcome,
  drawings: Readonly<Record<string, object>>,
  shared: SharedDrawing,
): AnyScene => ({ looked, params: look.params, drawing: drawings[look.lens] ?? {}, shared });

/** The layers on the stage: those of the lens, and an outline of the asked patch. */
export function stageLayers(scene: AnyScene, outcome: Outcome, marked: PatchPosition | null): Layer[] {
  const layers = [...viewOf(outcome.look.lens).layers(scene)];
  if (marked !== null) layers.push({ kind: 'mark', frame: frameOf(outcome), patch: marked });
  return layers;
}

const subjectOf = ({ alt, name }: Photo): string => alt ?? name;

/**
 * The text alternative of the picture, for screen readers.
 * @param second the photograph that is shown beside it
 */
export function describePicture(
  photo: Photo,
  outcome: Outcome | null,
  scene: AnyScene | null,
  second: Photo | null = null,
): string {
  const subject = subjectOf(photo);
  if (outcome === null || scene === null) return subject;
  const { title, contract } = viewOf(outcome.look.lens);
  if (second !== null)
    return `${subject} Beside it: ${subjectOf(second)} ${contract.title}: ${title(scene).toLowerCase()} drawn between them.`;
  const query = queryOf(outcome);
  const from =
    query === null || isCls(query)
      ? ''
      : `, from ${query.patch === null ? '' : 'the '}${queryTitle(query).toLowerCase()},`;
  return `${subject} ${contract.title}: ${title(scene).toLowerCase()}${from} is drawn over it.`;
}

/** Told apart from the white and the colours of lenses. */
const maskColour = [80, 255, 120] as const;

/** The edge of the objects in a photograph's mask. It is not saved with the picture. */
const maskOutline = ({ facts: { outline } }: PhotoMask, { photoSizePx, inputSizePx }: Frame): Layer => ({
  kind: 'outline',
  frame: {
    rows: outline.rows,
    columns: outline.columns,
    box: { top: 0, left: 0, ...photoSizePx },
    photoSizePx,
    inputSizePx,
  },
  map: outline.values,
  share: 1,
  smooth: true,
  colour: maskColour,
});

/** @param layers another list object only where they differ @returns with the outline of the photograph's mask, where that is shown */
export function useOutlined(
  { mask }: Photo,
  outcome: Outcome | null,
  layers: readonly Layer[],
): readonly Layer[] {
  const shown = useApp((state) => (state.maskShown ? mask : null));
  return useMemo(
    () => (shown === null || outcome === null ? layers : [...layers, maskOutline(shown, frameOf(outcome))]),
    [layers, shown, outcome],
  );
}

export const useLensView = (): AnyLensView => viewOf(useApp((state) => state.lens));

export const useOutcome = (photo: Photo): Outcome | null => useApp((state) => shownOutcome(state, photo));

/** @returns null while the lens in use has no result */
export function useScene(outcome: Outcome | null): AnyScene | null {
  const drawings = useApp((state) => state.drawings);
  const shared = useApp((state) => state.shared);
  return useMemo(
    () => (outcome === null ? null : sceneOf(outcome, drawings, shared)),
    [outcome, drawings, shared],
  );
}

export function usePanelProps(photo: Photo): AnyPanelProps {
  const scene = useScene(useOutcome(photo));
  const params = useApp((state) => state.params[state.lens]);
  const drawing = useApp((state) => state.drawings[state.lens]);
  const shared = useApp((state) => state.shared);
  const model = useApp((state) => state.models.used?.description ?? null);
  const changeParams = useApp((state) => state.changeParams);
  const changeDrawing = useApp((state) => state.changeDrawing);
  const changeShared = useApp((state) => state.changeShared);
  return { scene, params, drawing, shared, model, changeParams, changeDrawing, changeShared };
}

/** @returns the same list object as long as its layers are the same */
export function useStableLayers(layers: readonly Layer[]): readonly Layer[] {
  const [stable, setStable] = useState(layers);
  if (drawTheSame(stable, layers)) return stable;
  setStable(layers);
  return layers;
}

/** Says where the pointer is on the photograph, for lenses that follow it; null if it has left. */
export function usePointAt(id: string): (point: Photo['point']) => void {
  const setPointed = useApp((state) => state.setPointed);
  const follows = useApp((state) => contractOf(state.lens).followsPointer === true);
  return useCallback(
    (point) => {
      if (follows) setPointed(point === null ? null : { photo: id, point });
    },
    [setPointed, follows, id],
  );
}

/** Picks a patch of the photograph; null goes back to the special token. */
export function usePickPoint(id: string): (point: Photo['point']) => void {
  const pickPoint = useApp((state) => state.pickPoint);
  return useCallback((point) => pickPoint(id, point), [pickPoint, id]);
}
