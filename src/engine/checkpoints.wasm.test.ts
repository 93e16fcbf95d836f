/** From PyTorch's file to the attention that PyTorch computes from it, through the pass that the page runs. */
import { beforeAll, expect, test } from 'vitest';
import { floatsOfBase64 } from '../core/base64.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { openCheckpoint } from '../models/open-checkpoint.ts';
import { checkpointFiles, expectedNetwork, openFixture } from '../testing/checkpoint-fixtures.ts';
import { attentionDifference } from '../testing/check-forward.ts';
import type { VitCase } from '../testing/vit-fixtures.ts';
import { attendSpecial } from '../vit/attend.ts';
import { uploadParameters } from '../vit/parameters.ts';

let backend: OpenBackend;
beforeAll(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  backend = opened.value;
});

test.each(checkpointFiles)('the CLS attention of %s (network %s) is PyTorch’s', async (file, network) => {
  const { architecture, cases } = expectedNetwork(network);
  const opened = await openCheckpoint(await openFixture(file), { numHeads: architecture.numHeads });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const parameters = uploadParameters(opened.value.architecture, opened.value.parameters);
  try {
    const [each] = cases as [VitCase, ...VitCase[]];
    const result = await attendSpecial(parameters, floatsOfBase64(each.input.values), each.input, {
      faults: backend.faults,
      afterBlock: () => Promise.resolve(),
    });
    expect(attentionDifference(result, each, architecture)).toBeLessThanOrEqual(1e-5);
  } finally {
    parameters.dispose();
  }
});
