/** What one question after another needs of a collection: its vectors of one kind, and the neighbours that were found among them. */
import type { FeatureKind, Neighbours } from '../core/recognition.ts';
import type { KeptCollection } from '../library/kept-collection.ts';
import { featureVectors, type FeatureVectors } from '../recognise/feature-vectors.ts';
import { rowsOf } from '../recognise/train-probe.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import { deviceDots, type Device } from './device-products.ts';
import { NearestLabelled } from './nearest-labelled.ts';

interface Kept {
  readonly collection: KeptCollection;
  readonly kind: FeatureKind;
  readonly featureChanges: number;
  vectors: FeatureVectors;
  nearest: NearestLabelled | null;
}

interface LookAlikeGroups {
  readonly groups: readonly (readonly number[])[];
  readonly threshold: number;
}

/** What the items' classes are, as numbers. */
export interface ItemClasses {
  readonly classNames: readonly string[];
  /** [N], -1 where an item has none, or no features. */
  readonly classes: Int32Array;
  /** [N], whether an item has features. */
  readonly hasFeatures: readonly boolean[];
}

export function classesOf(collection: KeptCollection): ItemClasses {
  const { classNames } = collection.describe();
  const places = new Map(classNames.map((name, at) => [name, at]));
  const hasFeatures = collection.haveFeatures();
  const classes = Int32Array.from(collection.classNames(), (name, item) =>
    name === null || hasFeatures[item] !== true ? -1 : (places.get(name) ?? -1),
  );
  return { classNames, classes, hasFeatures };
}

export class CollectionFeatures {
  private readonly device: Device;
  private readonly cheapProducts: number | undefined;
  /** Neighbours are changed in place: one question after the other. */
  private readonly inTurn = createSerialQueue();
  private kept: Kept | null = null;
  private grouped: { readonly of: FeatureVectors; readonly found: Promise<LookAlikeGroups> } | null = null;

  /** @param cheapProducts see NearestLabelled */
  constructor(device: Device, cheapProducts?: number) {
    this.device = device;
    this.cheapProducts = cheapProducts;
  }

  /** Of each item, zeros where it has no features. */
  vectorsOf(collection: KeptCollection, kind: FeatureKind): FeatureVectors {
    return this.keep(collection, kind).vectors;
  }

  /** Of each item with features the k nearest others that have a class, by the classes of now. @throws what `afterBlock` throws */
  nearestLabelled(
    collection: KeptCollection,
    kind: FeatureKind,
    k: number,
    afterBlock: (share: number) => Promise<void> | void,
  ): Promise<ItemClasses & { readonly neighbours: Neighbours }> {
    return this.inTurn(async () => {
      const kept = this.keep(collection, kind);
      const itemClasses = classesOf(collection);
      const { vectors } = kept;
      if (kept.nearest?.serves(k) !== true)
        kept.nearest = new NearestLabelled(vectors, k, this.cheapProducts);
      const { nearest } = kept;
      const inBank = Array.from(itemClasses.classes, (own) => own >= 0);
      const dotsWith = (bank: readonly number[]): ReturnType<typeof deviceDots> =>
        deviceDots(vectors, rowsOf(vectors, bank), this.device);
      await nearest.update(vectors, inBank, { dotsWith, afterBlock });
      return { ...itemClasses, neighbours: nearest.neighbours(k, itemClasses.hasFeatures) };
    });
  }

  /** Near-duplicates among these vectors. Whoever asks while they are being found waits for the same answer. */
  groups(of: FeatureVectors, find: () => Promise<LookAlikeGroups>): Promise<LookAlikeGroups> {
    if (this.grouped?.of === of) return this.grouped.found;
    const found = find();
    const grouped = { of, found };
    this.grouped = grouped;
    // What failed is tried again.
    found.catch(() => {
      if (this.grouped === grouped) this.grouped = null;
    });
    return found;
  }

  private keep(collection: KeptCollection, kind: FeatureKind): Kept {
    const { kept } = this;
    const { featureChanges, count } = collection;
    if (kept?.collection === collection && kept.kind === kind && kept.featureChanges === featureChanges) {
      if (kept.vectors.count < count) kept.vectors = this.withMore(kept.vectors, collection, kind);
      return kept;
    }
    const vectors = featureVectors(collection.pooled(), collection.facts.channels, kind);
    this.kept = { collection, kind, featureChanges, vectors, nearest: null };
    return this.kept;
  }

  private withMore(before: FeatureVectors, collection: KeptCollection, kind: FeatureKind): FeatureVectors {
    const more = featureVectors(collection.pooled(before.count), collection.facts.channels, kind);
    const values = new Float32Array(before.values.length + more.values.length);
    values.set(before.values);
    values.set(more.values, before.values.length);
    return { count: before.count + more.count, channels: before.channels, values };
  }
}
