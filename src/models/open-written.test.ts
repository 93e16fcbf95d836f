/** Checkpoints as PyTorch and other programs write them. */
import { describe, expect, test } from 'vitest';
import { openFixture, openWrapped } from '../testing/checkpoint-fixtures.ts';
import { checkpointFiles, expectedNetwork, rareFiles } from '../testing/checkpoint-networks.ts';
import { openCheckpoint } from './open-checkpoint.ts';

describe('what PyTorch wrote', () => {
  const besideTeacher = [
    'student',
    'optimizer',
    'dino_loss',
    'head.*',
    'argparse.Namespace',
    'numpy.core.multiarray.scalar',
  ];
  const ignoredOf: Readonly<Record<string, readonly string[]>> = {
    'full.pth': besideTeacher,
    'full-legacy.pth': besideTeacher,
    'deit.pth': ['head.*'],
    'moco-v3.pth.tar': ['optimizer', 'head.*', 'momentum_encoder.*', 'predictor.*'],
    'pytorch_model.bin': ['pooler.*'],
    'model.safetensors': ['classifier.*', 'queue_ptr', 'queue_full'],
    'dinov2.pth': ['mask_token'],
    'dinov2-hub.safetensors': ['embeddings.mask_token'],
    'dinov2-registers.pth': ['mask_token'],
    'dinov2-registers-hub.safetensors': ['embeddings.mask_token'],
  };

  test.each(checkpointFiles)('%s opens as the network %s', async (file, network) => {
    const expected = expectedNetwork(network);
    // MoCo v3's 12 heads are known by its prefix; for the others 12 channels say nothing of heads.
    const numHeads = network === 'moco' ? undefined : expected.architecture.numHeads;
    const opened = await openCheckpoint(await openFixture(file), { numHeads });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect(opened.value.architecture).toEqual(expected.architecture);
    expect([...opened.value.parameters]).toEqual([...expected.parameters]);
    expect(opened.value.ignored.toSorted()).toEqual((ignoredOf[file] ?? []).toSorted());
  });

  test.each(['full.pth', 'full-legacy.pth'])('the student of %s, when asked for', async (file) => {
    const opened = await openCheckpoint(await openFixture(file), { network: 'student', numHeads: 3 });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect([...opened.value.parameters]).toEqual([...expectedNetwork('student').parameters]);
    expect(opened.value.ignored).toContain('teacher');
  });

  test('a file without a network says what it has', async () => {
    expect(await openCheckpoint(await openFixture('odd.pth'))).toEqual({
      ok: false,
      error: {
        code: 'checkpoint-invalid',
        problem:
          'it holds no Vision Transformer: there is no cls_token (it holds scalar, empty, integers, flags, nested.7 and 1 more)',
      },
    });
  });
});

describe('what other programs wrap', () => {
  test.each<[string, string, readonly string[]]>([
    ['model-teacher-backbone.pth', 'teacher', ['teacher', 'student']],
    ['chunked.pth', 'deep', []],
    ['lightning.ckpt', 'teacher', []],
    ['solo.ckpt', 'teacher', ['momentum_backbone', 'backbone']],
    ['lightly.ckpt', 'teacher', ['teacher_backbone.vit', 'student_backbone']],
    ['ibot.pth', 'teacher', []],
    ['tutorial.pt', 'teacher', []],
    ['any-name.pth', 'teacher', []],
    ['compiled.pth', 'teacher', []],
    ['checkpoint-wrapped.pth', 'teacher', []],
    ['fsdp.pth', 'teacher', []],
    ['mae.pth', 'teacher', []],
    ['hugging-face-5.safetensors', 'teacher', []],
    ['objects.pth', 'teacher', []],
    ['objects-legacy.pth', 'teacher', []],
    ['deit-3.pth', 'deit-3', []],
    ['two-of-no-role.pth', 'student', ['model', 'model_ema']],
  ])('%s opens as the network %s', async (file, network, networks) => {
    const expected = expectedNetwork(`wrapped/${network}`);
    const opened = await openCheckpoint(await openWrapped(file), { numHeads: 3 });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect(opened.value.architecture).toEqual(expected.architecture);
    expect([...opened.value.parameters]).toEqual([...expected.parameters]);
    expect(opened.value.networks).toEqual(networks);
  });

  test.each<[string, string, string]>([
    ['model-teacher-backbone.pth', 'student', 'student'],
    ['model-teacher-backbone.pth', 'model.student.backbone', 'student'],
    ['model-teacher-backbone.pth', 'model', 'teacher'],
    ['solo.ckpt', 'backbone', 'student'],
    ['solo.ckpt', 'momentum_backbone', 'teacher'],
    ['lightly.ckpt', 'student_backbone', 'student'],
    ['two-of-no-role.pth', 'model_ema', 'teacher'],
    ['any-name.pth', 'net', 'teacher'],
    ['lightning.ckpt', 'state_dict', 'teacher'],
  ])('of %s the network %s is %s, when asked for', async (file, key, network) => {
    const opened = await openCheckpoint(await openWrapped(file), { network: key, numHeads: 3 });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect([...opened.value.parameters]).toEqual([...expectedNetwork(`wrapped/${network}`).parameters]);
  });

  test('a name that no network has is refused with those that there are', async () => {
    const file = await openWrapped('model-teacher-backbone.pth');
    expect(await openCheckpoint(file, { network: 'ema', numHeads: 3 })).toEqual({
      ok: false,
      error: {
        code: 'checkpoint-invalid',
        problem: "it holds no Vision Transformer under 'ema' (it holds teacher, student)",
      },
    });
  });
});

test.each(rareFiles)('%s opens as the network %s', async (file, network) => {
  const expected = expectedNetwork(network);
  const opened = await openCheckpoint(await openFixture(file), { numHeads: expected.architecture.numHeads });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.architecture).toEqual(expected.architecture);
  expect([...opened.value.parameters]).toEqual([...expected.parameters]);
});
