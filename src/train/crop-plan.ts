/** The random choices for one crop, drawn like torchvision's transforms in main_dino.py (`DataAugmentationDINO`). */
import type { Box, Size } from '../core/geometry.ts';
import type { Random } from '../core/random.ts';
import { shuffled } from '../core/random.ts';

export type CropKind = 'global-1' | 'global-2' | 'local';

export interface ColourAdjustment {
  readonly kind: 'brightness' | 'contrast' | 'saturation' | 'hue';
  readonly factor: number;
}

export interface CropPlan {
  /** In whole px of the photograph. */
  readonly box: Box;
  readonly mirrored: boolean;
  /** In the order in which they are made; null for a crop without them. */
  readonly adjustments: readonly ColourAdjustment[];
  readonly grey: boolean;
  /** Standard deviation in px of the crop, or null. */
  readonly blurRadius: number | null;
  readonly solarised: boolean;
}

const chances = { mirror: 0.5, adjust: 0.8, grey: 0.2 } as const;
const blurChance: Readonly<Record<CropKind, number>> = { 'global-1': 1, 'global-2': 0.1, local: 0.5 };
const solariseChance: Readonly<Record<CropKind, number>> = { 'global-1': 0, 'global-2': 0.2, local: 0 };
/** Factors lie in 1 ± strength; hue in 0 ± strength turns. */
const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 } as const;
const blurRadii = { from: 0.1, to: 2 } as const;
const aspectRatios = { from: 3 / 4, to: 4 / 3 } as const;

/** Ten tries at a box of the drawn area and shape; where none fits, the largest centred box of an allowed shape. */
function drawBox({ height, width }: Size, scale: readonly [number, number], random: Random): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.uniform(scale[0], scale[1]);
    const aspect = Math.exp(random.uniform(Math.log(aspectRatios.from), Math.log(aspectRatios.to)));
    const boxWidth = Math.round(Math.sqrt(area * aspect));
    const boxHeight = Math.round(Math.sqrt(area / aspect));
    if (boxWidth > 0 && boxWidth <= width && boxHeight > 0 && boxHeight <= height)
      return {
        top: random.below(height - boxHeight + 1),
        left: random.below(width - boxWidth + 1),
        height: boxHeight,
        width: boxWidth,
      };
  }
  const boxWidth = Math.min(width, Math.max(1, Math.round(height * aspectRatios.to)));
  const boxHeight = Math.min(height, Math.max(1, Math.round(width / aspectRatios.from)));
  return {
    top: Math.floor((height - boxHeight) / 2),
    left: Math.floor((width - boxWidth) / 2),
    height: boxHeight,
    width: boxWidth,
  };
}

function drawAdjustments(random: Random): ColourAdjustment[] {
  const around = (centre: number, strength: number): number =>
    random.uniform(centre - strength, centre + strength);
  const all: ColourAdjustment[] = [
    { kind: 'brightness', factor: around(1, jitter.brightness) },
    { kind: 'contrast', factor: around(1, jitter.contrast) },
    { kind: 'saturation', factor: around(1, jitter.saturation) },
    { kind: 'hue', factor: around(0, jitter.hue) },
  ];
  return shuffled(all.length, random).map((index) => all[index] as ColourAdjustment);
}

/** @param scale smallest and largest share of the photograph's area */
export function drawCropPlan(
  kind: CropKind,
  photo: Size,
  scale: readonly [number, number],
  random: Random,
): CropPlan {
  return {
    box: drawBox(photo, scale, random),
    mirrored: random.next() < chances.mirror,
    adjustments: random.next() < chances.adjust ? drawAdjustments(random) : [],
    grey: random.next() < chances.grey,
    blurRadius: random.next() < blurChance[kind] ? random.uniform(blurRadii.from, blurRadii.to) : null,
    solarised: random.next() < solariseChance[kind],
  };
}
