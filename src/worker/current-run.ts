/** The one run of training that the engine's worker may have: prepared, steered, and ended. */
import { tellFullStorage } from '../library/tell-full-storage.ts';
import { FailureError } from '../core/failure.ts';
import type { KernelCheck } from '../core/training.ts';
import type { CallContext } from '../rpc/serve-calls.ts';
import type { TrainingContract, TrainingProgress } from '../rpc/training-contract.ts';
import { checkStepKernels } from '../train/training-self-check.ts';
import { begin, type TrainingHost, type TrainRequest } from './begin-run.ts';
import { valueOf } from './run-archive.ts';
import { withRunLock } from './run-lock.ts';
import { TrainingRun, type RunEnd } from './training-run.ts';

type Steering = TrainingContract['steer']['request'];
type Context = CallContext<TrainingProgress>;

/** What the worker's run is doing. */
type RunState =
  | { readonly status: 'none' }
  /** Requests that come meanwhile wait until it has begun. */
  | { readonly status: 'preparing'; readonly steerings: Steering[] }
  | { readonly status: 'running'; readonly run: TrainingRun };

export class CurrentRun {
  private readonly host: TrainingHost;
  private state: RunState = { status: 'none' };
  private checked: KernelCheck | null = null;

  constructor(host: TrainingHost) {
    this.host = host;
  }

  /** Null where no run, or another one, is going on. */
  find(id: string): TrainingRun | null {
    const { state } = this;
    return state.status === 'running' && state.run.id === id ? state.run : null;
  }

  steer(steering: Steering): void {
    const { state } = this;
    if (state.status === 'preparing') state.steerings.push(steering);
    if (state.status === 'running') state.run.steer(steering);
  }

  /**
   * Prepares a run and takes its steps, to its end or a pause. From the call on it can be steered, and there is no other.
   * @throws FailureError 'run-busy' where there is one already
   */
  async train(request: TrainRequest, id: string, context: Context): Promise<RunEnd> {
    if (this.state.status !== 'none') throw new FailureError({ code: 'run-busy' });
    const steerings: Steering[] = [];
    this.state = { status: 'preparing', steerings };
    let isReady = false;
    const onProgress = (progress: TrainingProgress): void => {
      if (progress.stage === 'ready') isReady = true;
      context.onProgress(progress);
    };
    const work = async (): Promise<RunEnd> => {
      try {
        return await this.prepareAndGoOn(request, id, { ...context, onProgress }, steerings);
      } catch (error) {
        // A new run that was cancelled or failed before it stood leaves nothing, its photographs least of all.
        // If they cannot be removed now, they are removed when runs are listed; the failure that is told is the first one.
        if (request.kind !== 'resume' && !isReady)
          await this.host.folders.then((folders) => folders.remove(id)).catch(() => undefined);
        throw await tellFullStorage(error);
      }
    };
    try {
      return await withRunLock(id, work);
    } finally {
      this.state = { status: 'none' };
    }
  }

  private async prepareAndGoOn(
    request: TrainRequest,
    id: string,
    context: Context,
    steerings: readonly Steering[],
  ): Promise<RunEnd> {
    const { host } = this;
    const folders = await host.folders;
    const kernelCheck = await this.check(context);
    context.signal.throwIfAborted();
    const beginning = await begin(host, request, context, id, kernelCheck);
    try {
      const tools = { ...host.tools, folders, onProgress: context.onProgress };
      const run = new TrainingRun({ ...beginning, showsCrops: request.crops }, tools);
      for (const steering of steerings) run.steer(steering);
      this.state = { status: 'running', run };
      return valueOf(await run.goOn(context.signal, folders.notKept === null));
    } finally {
      await host.tools.enqueue(() => Promise.resolve(beginning.trainer.dispose()));
    }
  }

  /** Before the first run: kernels that looking does not need have not been tried before. */
  private async check({ onProgress }: Context): Promise<KernelCheck> {
    if (this.checked === null) onProgress({ stage: 'check' });
    this.checked ??= await this.host.tools.enqueue(() => checkStepKernels(this.host.faults()));
    return this.checked;
  }
}
