/** Progress of a run comes faster than the screen is drawn. All that came since the last frame is shown together. */
import type { TrainingProgress } from '../../rpc/training-contract.ts';

const frameMs = 40;

export class RunNews {
  private waiting: TrainingProgress[] = [];
  private readonly show: (progress: TrainingProgress) => void;

  constructor(show: (progress: TrainingProgress) => void) {
    this.show = show;
  }

  add(progress: TrainingProgress): void {
    this.waiting.push(progress);
    if (this.waiting.length === 1) setTimeout(() => this.showWaiting(), frameMs);
  }

  /** Shows at once what waits for the next frame. */
  showWaiting(): void {
    const news = this.waiting;
    this.waiting = [];
    for (const progress of news) this.show(progress);
  }

  /** Drops the waiting progress of an earlier run. */
  forget(): void {
    this.waiting = [];
  }
}
