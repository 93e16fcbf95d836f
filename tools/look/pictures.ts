/** Pictures of a look, as the page draws them. Loaded after `canvas` can be: the views of lenses import style sheets. */
import { describeFailure } from '../../src/core/failure.ts';
import type { LensId } from '../../src/lenses/contracts.ts';
import { frameOf } from '../../src/lenses/lens-contract.ts';
import type { Scene } from '../../src/lenses/lens-view.ts';
import { viewOf } from '../../src/lenses/views.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { agreementIn } from '../../src/render/compare-layers.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { stopWith } from '../stop-with.ts';
import { drawBeside, drawPair, drawPicture, drawSheet } from './canvas.ts';

export { drawPicture, viewOf };

type AnyScene = Scene<object, object, unknown>;

/**
 * What the page's stage shows: the photograph, many small pictures of it, or it and a second one.
 * @returns PNG bytes
 */
export async function drawStage(
  lens: LensId,
  scene: AnyScene,
  first: PixelGrid,
  secondPath: string | undefined,
): Promise<Uint8Array> {
  const view = viewOf(lens);
  const sheet = view.sheet?.(scene) ?? null;
  if (sheet !== null) return drawSheet(first, sheet);
  const layers = view.layers(scene);
  const beside = view.beside?.(scene) ?? null;
  if (beside === null || secondPath === undefined) return drawPicture(first, layers);
  const second = await readPhoto(secondPath);
  if (!second.ok) stopWith(`${secondPath}: ${describeFailure(second.error)}`);
  const picture = { first: { frame: frameOf(scene.looked), layers }, second: beside };
  return drawPair({ first, second: second.value, picture });
}

interface NamedScene {
  readonly name: string;
  readonly scene: AnyScene;
}

/** Both sides of a comparison, their names on them, and how far their maps agree. */
export async function drawComparison(
  lens: LensId,
  photo: PixelGrid,
  sides: readonly [NamedScene, NamedScene],
): Promise<{ readonly png: Uint8Array; readonly agreement: ReturnType<typeof agreementIn> }> {
  const view = viewOf(lens);
  const [own, other] = sides.map(({ name, scene }) => ({
    name,
    layers: view.layers(scene),
    sheet: view.sheet?.(scene) ?? null,
  })) as [Parameters<typeof drawBeside>[1][number], Parameters<typeof drawBeside>[1][number]];
  return {
    png: await drawBeside(photo, [own, other]),
    agreement: agreementIn(own.layers, other.layers),
  };
}
