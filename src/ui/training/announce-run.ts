/** Announces a run to screen readers. It announces little, since each sentence interrupts what the person is doing. */
import type { TrainingProgress } from '../../rpc/training-contract.ts';
import { type RunView, verdictOf } from './training-state.ts';

export class RunAnnouncer {
  private readonly announce: (text: string) => void;
  /** The last tenth of the run that was announced. */
  private toldTenth = 0;
  /** The collapse that was announced last; '' for none. */
  private toldCollapse = '';

  constructor(announce: (text: string) => void) {
    this.announce = announce;
  }

  /** Called when a run begins or is resumed. */
  begin(): void {
    this.toldCollapse = '';
  }

  /** @param run as it is after `progress` */
  tell(run: RunView, progress: TrainingProgress): void {
    const { steps } = run.configuration;
    if (progress.stage === 'ready') {
      const { step } = progress.run;
      this.toldTenth = Math.floor((10 * step) / steps);
      this.announce(`Training ${step === 0 ? 'has begun' : 'goes on'}: step ${step + 1} of ${steps}.`);
    }
    if (progress.stage !== 'step') return;
    const { step, loss } = progress.report;
    this.tellCollapse(run, step);
    const tenth = Math.floor((10 * step) / steps);
    if (tenth > this.toldTenth && tenth < 10)
      this.announce(`Step ${step} of ${steps}, loss ${loss.toFixed(2)}.`);
    this.toldTenth = tenth;
  }

  private tellCollapse(run: RunView, step: number): void {
    const kind = verdictOf(run)?.kind;
    const isCollapse = kind === 'one-output' || kind === 'uniform' || kind === 'constant';
    if (isCollapse && this.toldCollapse !== kind) this.announce(`Step ${step}: the run has collapsed.`);
    this.toldCollapse = isCollapse ? kind : '';
  }
}
