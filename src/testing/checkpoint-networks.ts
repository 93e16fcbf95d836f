/** Which network each checkpoint in tools/reference/fixtures/checkpoints contains, and PyTorch's results for it. */
import networks from '../../tools/reference/fixtures/checkpoints/expected.json';
import rare from '../../tools/reference/fixtures/rare/expected.json';
import wrapped from '../../tools/reference/fixtures/wrapped/expected.json';
import { readVitFixture, type VitFixture } from './vit-fixtures.ts';

const within = <T extends { readonly name: string }>(folder: string, named: readonly T[]): T[] =>
  named.map((each) => ({ ...each, name: `${folder}/${each.name}` }));

const fixtures = new Map(
  [...networks, ...within('wrapped', wrapped), ...within('rare', rare)].map((network) => [
    network.name,
    readVitFixture(network.name, network),
  ]),
);

/** @param name one of `networks` in make_checkpoints.py; for `wrapped/…` and `rare/…`, one of make_wrapped.py and make_rare.py */
export function expectedNetwork(name: string): VitFixture {
  const fixture = fixtures.get(name);
  if (fixture === undefined) throw new Error(`no network ${name} in expected.json`);
  return fixture;
}

/** Every checkpoint of a Vision Transformer, and the network that it contains. */
export const checkpointFiles: readonly (readonly [file: string, network: string])[] = [
  ['dino.pth', 'dino'],
  ['dino-legacy.pth', 'dino'],
  ['float16.pth', 'float16'],
  ['bfloat16.pth', 'bfloat16'],
  ['float64-legacy.pth', 'float64'],
  ['shared.pth', 'shared'],
  ['shared-legacy.pth', 'shared'],
  ['strided.pth', 'strided'],
  ['full.pth', 'dino'],
  ['full-legacy.pth', 'dino'],
  ['deit.pth', 'dino'],
  ['moco-v3.pth.tar', 'moco'],
  ['pytorch_model.bin', 'dino'],
  ['model.safetensors', 'dino'],
  ['dinov2.pth', 'dinov2'],
  ['dinov2-hub.safetensors', 'dinov2'],
  ['dinov2-registers.pth', 'dinov2-registers'],
  ['dinov2-registers-hub.safetensors', 'dinov2-registers'],
  ['dinov2-registers-timm.pth', 'dinov2-registers-timm'],
];

/**
 * The files of make_wrapped.py for which results are compared, not only opening: the same parameters with other names and
 * in other layouts.
 */
export const wrappedFiles: readonly (readonly [file: string, network: string])[] = [
  ['../wrapped/model-teacher-backbone.pth', 'wrapped/teacher'],
  ['../wrapped/hugging-face-5.safetensors', 'wrapped/teacher'],
  ['../wrapped/chunked.pth', 'wrapped/deep'],
  ['../wrapped/deit-3.pth', 'wrapped/deit-3'],
  ['../wrapped/oblong-args.pth', 'wrapped/oblong'],
];

/** The files of make_rare.py: whole objects, archives that were packed anew, arrays of NumPy's. */
export const rareFiles: readonly (readonly [file: string, network: string])[] = [
  ['../rare/object.pth', 'rare/other-eps'],
  ['../rare/scripted.pt', 'rare/other-eps'],
  ['../rare/packed.pth', 'rare/packed'],
  ['../rare/packed-shared.pth', 'rare/packed-shared'],
  ['../rare/arrays-2.pth', 'rare/arrays'],
  ['../rare/arrays-4.pth', 'rare/arrays'],
  ['../rare/arrays-5.pth', 'rare/arrays'],
  ['../rare/arrays-numpy-2.pth', 'rare/arrays'],
  ['../rare/arrays.pkl', 'rare/arrays'],
  ['../rare/arrays.npz', 'rare/arrays'],
  ['../rare/arrays-compressed.npz', 'rare/arrays'],
];
