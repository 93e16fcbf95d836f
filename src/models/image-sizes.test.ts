import { expect, test } from 'vitest';
import { findImageSizes } from './image-sizes.ts';

const square = { height: 224, width: 224 };
const oblong = { height: 48, width: 64 };

test.each<[string, unknown, unknown[]]>([
  ['a side', { img_size: 224 }, [square]],
  ['height and width', { img_size: [48, 64] }, [oblong]],
  ['Hugging Face’s config', { model_type: 'vit', image_size: 224, num_attention_heads: 6 }, [square]],
  ['Hugging Face’s preprocessor', { image_size: { height: 48, width: 64 } }, [oblong]],
  [
    'timm’s config, channels first',
    { architecture: 'vit_small_patch16_224', pretrained_cfg: { input_size: [3, 48, 64], crop_pct: 0.9 } },
    [oblong],
  ],
  [
    'several',
    { model_args: { img_size: [48, 64] }, pretrained_cfg: { input_size: [3, 224, 224] } },
    [oblong, square],
  ],
  ['inside lists', [{ a: [{ img_size: 224 }] }], [square]],
  ['no size', { img_size: 'large', image_size: [1, 2, 3, 4], input_size: [0, 8] }, []],
  ['a fraction', { img_size: 22.4 }, []],
  ['nothing', undefined, []],
  ['a text', 'img_size', []],
])('%s', (_, config, sizes) => {
  expect(findImageSizes(config)).toEqual(sizes);
});

test('a config that holds itself ends', () => {
  const config: Record<string, unknown> = { img_size: 224 };
  config['again'] = config;
  expect(findImageSizes(config)[0]).toEqual(square);
});
