/** What the worker tells of a gathering, added up over its parts and passed on a few times a second. */
import type { GatherProgress, StoredCollection } from '../../rpc/recognise-contract.ts';

export type PhotographsProgress = Extract<GatherProgress, { stage: 'photographs' }>;

/** How often new photographs are shown, ms. Ten thousand of them, one by one, would keep the page from answering. */
const showEveryMs = 250;

/** Collects what the worker tells, and shows it a few times a second. */
export class News {
  private readonly show: (progress: PhotographsProgress) => void;
  private waiting: PhotographsProgress | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(show: (progress: PhotographsProgress) => void) {
    this.show = show;
  }

  add(progress: PhotographsProgress): void {
    const earlier = this.waiting?.added ?? [];
    this.waiting = {
      ...progress,
      added: earlier.length === 0 ? progress.added : [...earlier, ...progress.added],
    };
    this.timer ??= setTimeout(() => this.flush(), showEveryMs);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { waiting } = this;
    this.waiting = null;
    if (waiting !== null) this.show(waiting);
  }
}

/** Adds up what the parts tell. */
export class GatheringSum {
  readonly total: number;
  private before = { done: 0, known: 0, failed: 0 };
  private last = this.before;
  private perSecond: number | null = null;
  private itemsBefore: number | null = null;

  constructor(total: number) {
    this.total = total;
  }

  with(progress: PhotographsProgress): PhotographsProgress {
    const { done, known, failed } = this.before;
    this.last = {
      done: done + progress.done,
      known: known + progress.known,
      failed: failed + progress.failed,
    };
    // At the start of each part there is nothing to measure.
    this.perSecond = progress.perSecond ?? this.perSecond;
    return { ...progress, ...this.last, total: this.total, perSecond: this.perSecond };
  }

  /** @returns how many photographs the collection is to have; known ones among the new are counted twice */
  wantedIn({ items }: StoredCollection): number {
    this.itemsBefore ??= items;
    return this.itemsBefore + this.total;
  }

  endPart(): void {
    this.before = this.last;
  }
}
