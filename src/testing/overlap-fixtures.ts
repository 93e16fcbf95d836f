/** PyTorch's results of the small networks with patches that overlap (tools/reference/make_overlap.py). */
import stored from '../../tools/reference/fixtures/overlap.json';
import { overlaps, type Overlap } from '../core/overlap.ts';
import { expectedNetwork } from './checkpoint-networks.ts';
import { readVitFixture, smallNetwork, type VitCase, type VitFixture } from './vit-fixtures.ts';

type StoredCase = Omit<VitCase, 'overlap'> & { readonly overlap: number };

function readCase({ overlap: stated, ...rest }: StoredCase): VitCase & { readonly overlap: Overlap } {
  const overlap = overlaps.find((each) => each === stated);
  if (overlap === undefined) throw new Error(`an overlap of ${stated}`);
  return { ...rest, overlap };
}

/** Networks of every family, and two with other patch sides. */
export const overlapFixtures: readonly VitFixture[] = [
  ...stored.others.map(({ network, cases }) => ({
    ...(smallNetwork(network) ?? expectedNetwork(network.replace('checkpoints/', ''))),
    name: `${network}, patches that overlap`,
    cases: cases.map(readCase),
  })),
  ...stored.own.map((each) =>
    readVitFixture(`${each.name}, patches that overlap`, { ...each, cases: each.cases.map(readCase) }),
  ),
];
