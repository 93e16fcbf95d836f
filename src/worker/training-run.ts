/** One run from its first step to its end: steps in turn with photographs, reports, maps, crops, saves. */
import { tellFullStorage } from '../library/tell-full-storage.ts';
import type { Failure } from '../core/failure.ts';
import { failureOf } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { KernelCheck, StepReport, SwitchMark, TrainingSwitches } from '../core/training.ts';
import {
  filesInMemory,
  saveRun,
  type KeptPhotograph,
  type RunFacts,
  type RunState,
} from '../library/run-store.ts';
import type { FileStorage } from '../library/file-storage.ts';
import type { Enqueue } from '../rpc/serial-queue.ts';
import type { MapSnapshot, StoredRun, TrainingContract, TrainingProgress } from '../rpc/training-contract.ts';
import type { Trainer } from '../train/trainer.ts';
import { PinnedView } from './pinned-view.ts';
import { thinSteps } from './snapshot-times.ts';
import { TeacherClasses } from './teacher-classes.ts';

type Steering = TrainingContract['steer']['request'];
export type RunEnd = TrainingContract['train']['result'];

export interface RunTools {
  readonly folders: FileStorage;
  /** Has the device for itself until `work` ends; photographs that wait have their turn in between. */
  readonly enqueue: Enqueue;
  /** Lets messages in that came meanwhile. */
  yieldToEventLoop(): Promise<void>;
  /** What all tensors take on the device. */
  memoryBytes(): number;
  now(): number;
  today(): Date;
  onProgress(progress: TrainingProgress): void;
}

/** What is known of a run when it begins or goes on. */
export interface RunBeginning {
  readonly run: RunFacts;
  /** As it lies in storage; null before the first save. */
  readonly saved: StoredRun | null;
  readonly kernelCheck: KernelCheck;
  readonly trainer: Trainer;
  readonly photographs: readonly KeptPhotograph[];
  readonly reports: readonly StepReport[];
  readonly snapshots: readonly MapSnapshot[];
  readonly showsCrops: boolean;
}

const maxSnapshots = 40;
const cropsEveryMs = 400;
export class TrainingRun {
  readonly id: string;
  private readonly trainer: Trainer;
  private readonly photographs: readonly KeptPhotograph[];
  private readonly tools: RunTools;
  private readonly kernelCheck: KernelCheck;
  private readonly pinned: PinnedView;
  private readonly classes: TeacherClasses;
  private readonly reports: StepReport[];
  private readonly switches: SwitchMark[];
  private snapshots: MapSnapshot[];
  private facts: RunFacts;
  private saved: StoredRun | null;
  private pendingSwitches: Partial<TrainingSwitches> | null = null;
  /** Ends the steps: a pause, or the call's own abort. */
  private readonly stop = new AbortController();
  private isDiscarded = false;
  /** Wakes a run that waits for what to do with networks that could not be saved. */
  private wake = (): void => {};
  private showsCrops: boolean;
  private cropsShownAt = -Infinity;

  constructor(beginning: RunBeginning, tools: RunTools) {
    const { run, saved, kernelCheck, trainer, photographs, reports, snapshots, showsCrops } = beginning;
    this.id = run.id;
    this.facts = run;
    this.saved = saved;
    this.kernelCheck = kernelCheck;
    this.trainer = trainer;
    this.photographs = photographs;
    this.reports = [...reports];
    this.snapshots = [...snapshots];
    this.switches = [...run.switches];
    this.showsCrops = showsCrops;
    this.tools = tools;
    const photo = photographs[run.pinned];
    if (photo === undefined) throw new Error(`photograph ${run.pinned} of ${photographs.length} is pinned`);
    this.pinned = new PinnedView(photo, trainer);
    this.classes = new TeacherClasses(photographs, trainer);
  }

  steer({ pause, discard, crops, ...switches }: Steering): void {
    if (pause) this.stop.abort();
    if (discard) this.isDiscarded = true;
    if (pause || discard) this.wake();
    if (crops !== undefined) this.showsCrops = crops;
    if (switches.centring !== undefined || switches.sharpening !== undefined)
      this.pendingSwitches = { ...this.pendingSwitches, ...switches };
  }

  /** Trains to the end. The trainer stays its owner's. */
  async goOn(signal: AbortSignal, isKept: boolean): Promise<Result<RunEnd, Failure>> {
    const begun = await this.begin(signal);
    if (!begun.ok) return begun;
    this.tools.onProgress({
      stage: 'ready',
      run: begun.value,
      kernelCheck: this.kernelCheck,
      isKept,
      pinned: this.pinned.describe(),
      reports: [...this.reports],
      snapshots: [...this.snapshots],
    });
    const taken = await this.takeSteps(signal);
    // After a step that diverged the networks are as they were before it; of any other failure the device is not to be trusted.
    if (!taken.ok && taken.error.code !== 'training-diverged') return taken;
    if (signal.aborted) return fail({ code: 'cancelled' });
    // What was asked for too late for a step is kept for the next one.
    this.applyPendingSwitches();
    const saved = await this.saveAtLast(signal);
    if (!saved.ok) return saved;
    if (!taken.ok) return taken;
    const { steps } = this.trainer.configuration;
    return succeed({ how: this.trainer.stepsTaken < steps ? 'paused' : 'finished', run: saved.value });
  }

  /** A run that could not be saved is told before it has cost an hour: into both slots, since every save needs the other one. */
  private async begin(signal: AbortSignal): Promise<Result<StoredRun, Failure>> {
    if (this.saved !== null) return succeed(this.saved);
    const seen = await this.takeMaps();
    if (!seen.ok) return seen;
    const saveUnlessAborted = async (): Promise<Result<StoredRun, Failure>> => {
      if (signal.aborted) return fail({ code: 'cancelled' });
      const saved = await this.save(signal);
      return signal.aborted ? fail({ code: 'cancelled' }) : saved;
    };
    const first = await saveUnlessAborted();
    if (!first.ok) return first;
    await this.tools.yieldToEventLoop();
    return saveUnlessAborted();
  }

  private async takeSteps(signal: AbortSignal): Promise<Result<void, Failure>> {
    if (signal.aborted) this.stop.abort();
    signal.addEventListener('abort', () => this.stop.abort(), { once: true });
    const { enqueue, yieldToEventLoop } = this.tools;
    // In line with the step: what is saved in between must not have one half of the change.
    const beforeStep = (): void => this.applyPendingSwitches();
    const options = { reportEvery: 1, signal: this.stop.signal, enqueue, beforeStep };
    for await (const report of this.trainer.run(options)) {
      if (!report.ok) return report;
      const followed = await this.follow(report.value);
      if (!followed.ok) return followed;
      await yieldToEventLoop();
    }
    return succeed(undefined);
  }

  /** Until it succeeds or somebody gives the run up: what is not saved is in memory alone. */
  private async saveAtLast(signal: AbortSignal): Promise<Result<StoredRun, Failure>> {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      const saved = await this.saveIfBehind();
      if (saved.ok || this.isDiscarded) return saved;
      this.tools.onProgress({ stage: 'unsaved', failure: saved.error, waits: true });
      await woken;
      if (signal.aborted) return fail({ code: 'cancelled' });
      if (this.isDiscarded) return saved;
    }
  }

  /** What comes after a step: it is told, and in the run's intervals maps are taken and the run is saved. */
  private async follow(report: StepReport): Promise<Result<void, Failure>> {
    const { onProgress, memoryBytes } = this.tools;
    const { saveEvery, mapsEvery } = this.facts.intervals;
    const { step } = report;
    this.reports.push(report);
    onProgress({ stage: 'step', report, memoryBytes: memoryBytes() });
    this.postCrops(step);
    const isLast = step === this.trainer.configuration.steps;
    if (step % mapsEvery === 0 || isLast) {
      const seen = await this.takeMaps();
      if (!seen.ok) return seen;
    }
    if (step % saveEvery === 0 && !isLast) {
      const saved = await this.save();
      if (!saved.ok) onProgress({ stage: 'unsaved', failure: saved.error, waits: false });
    }
    return succeed(undefined);
  }

  private applyPendingSwitches(): void {
    if (this.pendingSwitches === null) return;
    this.trainer.setSwitches(this.pendingSwitches);
    this.pendingSwitches = null;
    const { centring, sharpening } = this.trainer.configuration;
    const mark = { step: this.trainer.stepsTaken + 1, centring, sharpening };
    this.switches.push(mark);
    this.tools.onProgress({ stage: 'switched', mark });
  }

  private postCrops(step: number): void {
    const { now, onProgress } = this.tools;
    if (!this.showsCrops || now() - this.cropsShownAt < cropsEveryMs) return;
    this.cropsShownAt = now();
    onProgress({ stage: 'crops', step, crops: this.trainer.crops });
  }

  private async takeMaps(): Promise<Result<void, Failure>> {
    const { enqueue } = this.tools;
    const seen = await enqueue(() => this.pinned.takeMaps());
    if (!seen.ok) return seen;
    const known = await this.classes.measure(enqueue, this.stop.signal);
    if (!known.ok) return known;
    const snapshot = { ...seen.value, knnAccuracy: known.value };
    const all = [...this.snapshots, snapshot];
    const kept = thinSteps(
      all.map(({ step }) => step),
      maxSnapshots,
    );
    this.snapshots = all.filter(({ step }) => kept.includes(step));
    this.tools.onProgress({ stage: 'maps', snapshot, kept });
    return succeed(undefined);
  }

  /** The run as it is now, as an archive's files. Asks nothing of the storage. */
  async filesNow(): Promise<{ readonly step: number; readonly files: ReadonlyMap<string, Blob> }> {
    return this.tools.enqueue(async () => {
      const state = await this.collect();
      return { step: this.facts.step, files: filesInMemory(this.facts, this.photographs, state) };
    });
  }

  /**
   * What is kept is the state between two steps. Told apart from the steps' failures: a full disk ends no run.
   * @param signal before the first step alone: later there is something to lose, and a save that has begun is finished
   */
  private async save(signal?: AbortSignal): Promise<Result<StoredRun, Failure>> {
    const { folders, enqueue, onProgress } = this.tools;
    onProgress({ stage: 'saving' });
    try {
      const saved = await enqueue(async () => {
        const state = await this.collect();
        return saveRun(folders, this.facts, this.photographs, state, signal);
      });
      this.saved = saved;
      onProgress({ stage: 'saved', run: saved });
      return succeed(saved);
    } catch (error) {
      const failure = failureOf(await tellFullStorage(error));
      if (failure === null) throw error;
      return fail(failure);
    }
  }

  /** Brings `facts` to the step that the networks have, too. */
  private async collect(): Promise<RunState> {
    const state = await this.trainer.saveCheckpoint();
    const step = this.trainer.stepsTaken;
    this.facts = {
      ...this.facts,
      configuration: this.trainer.configuration,
      step,
      switches: [...this.switches],
      savedAt: this.tools.today().toISOString(),
    };
    return {
      state,
      reports: this.reports,
      snapshots: this.snapshots,
      mapShape: this.pinned.mapShape,
    };
  }

  /** A run that is only looked at, or paused just after a save, is not written again. */
  private saveIfBehind(): Promise<Result<StoredRun, Failure>> {
    const { saved, switches, trainer } = this;
    const isKept = saved?.step === trainer.stepsTaken && saved.switches.length === switches.length;
    return isKept ? Promise.resolve(succeed(saved)) : this.save();
  }
}
