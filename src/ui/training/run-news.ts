/** News of a run come faster than the screen is drawn: what has come since the last frame is shown at once. */
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

  /** Shows now what waits for the next frame. */
  showWaiting(): void {
    const news = this.waiting;
    this.waiting = [];
    for (const progress of news) this.show(progress);
  }

  /** News of a run before are nobody's any more. */
  forget(): void {
    this.waiting = [];
  }
}
