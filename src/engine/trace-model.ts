/** A back end and a network that take inputs as arrays instead of photographs, for comparing with PyTorch. */
import type { BackendName, Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { Result } from '../core/result.ts';
import type { LoadedModel } from '../models/loaded-model.ts';
import { attendSpecial, type SpecialAttention } from '../vit/attend.ts';
import { uploadParameters, type VitParameters } from '../vit/parameters.ts';
import { traceForward, type ForwardTrace } from '../vit/trace.ts';
import { chooseBackend, type ChosenBackend } from './choose-backend.ts';

export type TraceBackend = ChosenBackend;

/** Opens and checks the back end as the page does. */
export const openTraceBackend = (name: BackendName): Promise<Result<TraceBackend, Failure>> =>
  chooseBackend(name, { wasmAssets: null, onTry: () => {}, onSelfCheck: () => {} });

export interface TraceResult {
  /** What the page's own pass returns. */
  readonly attention: SpecialAttention;
  /** The same layers, block by block. */
  readonly trace: ForwardTrace;
}

export class TracedModel {
  private readonly opened: TraceBackend;
  private readonly parameters: VitParameters;

  /** Puts the model on the current back end, which is the one that was opened last. */
  constructor(
    opened: TraceBackend,
    { architecture, parameters }: Pick<LoadedModel, 'architecture' | 'parameters'>,
  ) {
    this.opened = opened;
    this.parameters = uploadParameters(architecture, parameters);
  }

  /**
   * @param input shape [height, width, 3], as if normalised
   * @throws FailureError on a fault of the device, or where a row fails its check
   */
  async run(input: Float32Array, sizePx: Size): Promise<TraceResult> {
    const { backend } = this.opened;
    const options = { faults: backend.faults, afterBlock: () => backend.finish() };
    const attention = await attendSpecial(this.parameters, input, sizePx, options);
    const trace = await traceForward(this.parameters, input, sizePx, options);
    return { attention, trace };
  }

  dispose(): void {
    this.parameters.dispose();
  }
}
