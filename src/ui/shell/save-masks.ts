/** Masks of the shown result as files: cut-outs and masks as PNG, boxes as JSON. */
import type { FoundMask } from '../../core/found-mask.ts';
import { contractOf, lensIds } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import { saveFile } from '../kit/save-file.ts';
import { pictureFileName, type StagePicture } from './save-picture.ts';
import { frameOf, queryOf, type AnyScene } from './use-scene.ts';
import type { Outcome } from '../state/looks.ts';

type MaskedPicture = Pick<StagePicture, 'photo' | 'outcome' | 'scene' | 'pictures'>;

/** @returns the masks that the lens makes; empty if it makes none, or shows none now */
export const foundIn = ({ look }: Outcome, scene: AnyScene): readonly FoundMask[] =>
  viewOf(look.lens).found?.(scene) ?? [];

/** @returns the titles of all lenses that make masks, in words: "Heads, Rollout and Objects" */
export const lensesWithMasks = (): string =>
  new Intl.ListFormat('en-GB').format(
    lensIds.filter((id) => viewOf(id).found !== undefined).map((id) => contractOf(id).title),
  );

function nameOf({ photo, outcome }: MaskedPicture, shown: string, ending?: string): string {
  return pictureFileName(photo.name, queryOf(outcome), shown, outcome.model.id, ending);
}

/** What several masks are called together: by the lens. */
const togetherTitle = ({ look }: Outcome): string => contractOf(look.lens).title;

/** @param masks at least one; several are saved together, in one file. @returns false if the file could not be made */
export async function saveMasks(
  picture: MaskedPicture,
  as: 'mask' | 'cut-out',
  masks: readonly FoundMask[],
): Promise<boolean> {
  const { photo, outcome, pictures } = picture;
  const png = await pictures.encodeMasks(photo.id, as, masks);
  if (png === null) return false;
  const [first, ...others] = masks;
  const title = others.length > 0 || first === undefined ? togetherTitle(outcome) : first.title;
  saveFile(png, nameOf(picture, `${title} ${as}`));
  return true;
}

/** Under the names that the command line uses, boxes in px of the photograph, the largest claim first. */
function describeBoxes({ photo, outcome, scene }: MaskedPicture): object {
  const { look, model } = outcome;
  const found = foundIn(outcome, scene);
  return {
    image: photo.name,
    lens: look.lens,
    model,
    frame: frameOf(outcome),
    parameters: scene.params,
    drawing: scene.drawing,
    titles: found.map(({ title }) => title),
    boxes: found.map(({ box }) => box),
  };
}

export function saveBoxes(picture: MaskedPicture): void {
  const text = `${JSON.stringify(describeBoxes(picture), null, 2)}\n`;
  const file = new Blob([text], { type: 'application/json' });
  saveFile(file, nameOf(picture, `${togetherTitle(picture.outcome)} boxes`, 'json'));
}
