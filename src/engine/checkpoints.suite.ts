/** From PyTorch's file to the attention and the feature that PyTorch computes from it: one suite, run on every back end. */
import { beforeAll, expect, test } from 'vitest';
import { floatsOfBase64 } from '../core/base64.ts';
import type { BackendName } from '../core/failure.ts';
import { openTraceBackend, TracedModel, type TraceBackend } from './trace-model.ts';
import { openCheckpoint } from '../models/open-checkpoint.ts';
import { referenceOf } from '../vit/forward.suite.ts';
import { checkpointFiles, expectedNetwork, rareFiles, wrappedFiles } from '../testing/checkpoint-networks.ts';
import { attentionDifference, traceDifference } from '../vit/compare-attention.ts';
import type { VitCase } from '../testing/vit-fixtures.ts';

/**
 * @param openFile a fixture by name, however this platform gets at it
 * @param tolerance of attention, absolute; the feature is held to ten times as much of its largest value
 */
export function checkCheckpoints(
  name: BackendName,
  openFile: (file: string) => Promise<Blob>,
  tolerance: number,
): void {
  let backend: TraceBackend;
  beforeAll(async () => {
    const opened = await openTraceBackend(name);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  test.each([...checkpointFiles, ...wrappedFiles, ...rareFiles])(
    '%s (network %s) is PyTorch’s in every layer',
    async (file, network) => {
      const { architecture, cases } = expectedNetwork(network);
      const opened = await openCheckpoint(await openFile(file), { numHeads: architecture.numHeads });
      if (!opened.ok) throw new Error(JSON.stringify(opened.error));
      const model = new TracedModel(backend, opened.value);
      try {
        const [each] = cases as [VitCase, ...VitCase[]];
        const reference = referenceOf(each);
        const { attention, trace } = await model.run(floatsOfBase64(each.input.values), each.input);
        expect(attentionDifference(attention, reference)).toBeLessThanOrEqual(tolerance);
        const difference = traceDifference(trace, reference);
        expect(difference.attention).toBeLessThanOrEqual(tolerance);
        expect(difference.feature).toBeLessThanOrEqual(10 * tolerance);
      } finally {
        model.dispose();
      }
    },
  );
}
