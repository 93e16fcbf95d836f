/**
 * Gradient clipping, AdamW, and the moving averages of the teacher and the centre, all in place on tfjs's own buffers.
 * This takes two dispatches a parameter; tfjs's ops take about twenty, and as many buffers. tfjs cannot express a kernel
 * with four results, so this one is recorded outside its queue: everything that tfjs has recorded is submitted first, and
 * tfjs's cached copies of the tensors written here are dropped.
 *
 * Nothing is read back. The device decides whether the loss and every gradient are finite. After the first step in which
 * they are not, no update changes anything, and the number of that step can be read.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as tf from '@tensorflow/tfjs-core';
import { across, BesideQueue } from './beside-queue.ts';
import {
  centreCode,
  followCode,
  normChunk,
  normCode,
  partialNormCode,
  updateCode,
  updateGroup,
  verdictCode,
} from './optimizer-shaders.ts';
import { OwnedBuffers, words } from './owned-buffers.ts';

/** Tensors that are written; all are float32 and have the same size. */
export interface OptimizedParameter {
  readonly student: tf.Tensor;
  readonly teacher: tf.Tensor;
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
  readonly decays: boolean;
}

export interface OptimizerRates {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly teacherMomentum: number;
  readonly centreMomentum: number;
  /** 0 means no clipping. */
  readonly gradientClip: number;
  readonly clipEps: number;
  readonly firstDecay: number;
  readonly secondDecay: number;
  readonly eps: number;
}

export interface ParameterUpdate {
  /** Null if the parameter is always frozen. */
  readonly gradient: tf.Tensor | null;
  /**
   * How many updates the parameter has had, including this one; 0 if it is frozen in this step. The teacher is updated in
   * either case.
   */
  readonly updates: number;
}

type Pipelines = Readonly<
  Record<'partial' | 'norm' | 'verdict' | 'update' | 'follow' | 'centre', GPUComputePipeline>
>;

function compilePipelines(device: GPUDevice): Pipelines {
  const compile = (code: string): GPUComputePipeline =>
    device.createComputePipeline({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    });
  return {
    partial: compile(partialNormCode),
    norm: compile(normCode),
    verdict: compile(verdictCode),
    update: compile(updateCode),
    follow: compile(followCode),
    centre: compile(centreCode),
  };
}

const ratesBytes = 12 * 4;

/**
 * The rates of a step as uniforms. Parameters differ in their number of updates and therefore in Adam's bias corrections;
 * there are only two kinds.
 */
class RateBuffers {
  private readonly device: GPUDevice;
  private readonly owned: OwnedBuffers;
  private readonly buffers: GPUBuffer[] = [];

  constructor(device: GPUDevice, owned: OwnedBuffers) {
    this.device = device;
    this.owned = owned;
  }

  /** @returns the buffer for parameters with this number of updates, including the current one */
  forStep(rates: OptimizerRates): (updates: number) => GPUBuffer {
    const known = new Map<number, GPUBuffer>();
    return (updates) => {
      const found = known.get(updates);
      if (found !== undefined) return found;
      const buffer = (this.buffers[known.size] ??= this.owned.make(ratesBytes, GPUBufferUsage.UNIFORM));
      this.device.queue.writeBuffer(buffer, 0, ratesWords(rates, updates));
      known.set(updates, buffer);
      return buffer;
    };
  }
}

function ratesWords(rates: OptimizerRates, updates: number): ArrayBuffer {
  const { learningRate, weightDecay, teacherMomentum, gradientClip, clipEps, firstDecay, secondDecay, eps } =
    rates;
  const correction = (decay: number): number => (updates === 0 ? 1 : 1 / (1 - decay ** updates));
  return words(
    learningRate,
    weightDecay,
    teacherMomentum,
    gradientClip,
    clipEps,
    firstDecay,
    secondDecay,
    eps,
    correction(firstDecay),
    correction(secondDecay),
    0,
    0,
  );
}

export class InPlaceOptimizer {
  private readonly backend: WebGPUBackend;
  private readonly parameters: readonly OptimizedParameter[];
  private readonly centre: tf.Tensor;
  /** shape [2]: norm of all gradients, and the first failed step or 0. */
  private readonly verdict: tf.Tensor;
  private readonly pipelines: Pipelines;
  private readonly owned: OwnedBuffers;
  /** Sums of squares of the chunks of each parameter, the range of each parameter among them, and the norms. */
  private readonly partials: GPUBuffer;
  private readonly ranges: GPUBuffer;
  private readonly norms: GPUBuffer;
  private readonly normSizes: readonly GPUBuffer[];
  private readonly ownSizes: readonly GPUBuffer[];
  private readonly stepSizes: GPUBuffer;
  private readonly centreSizes: GPUBuffer;
  private readonly rateBuffers: RateBuffers;

  /** @param verdict shape [2], zeros; borrowed like all tensors here */
  constructor(
    backend: WebGPUBackend,
    parameters: readonly OptimizedParameter[],
    centre: tf.Tensor,
    verdict: tf.Tensor,
  ) {
    this.backend = backend;
    this.parameters = parameters;
    this.centre = centre;
    this.verdict = verdict;
    this.pipelines = compilePipelines(backend.device);
    const owned = new OwnedBuffers(backend.device);
    this.owned = owned;
    const chunks = parameters.map(({ student }) => Math.ceil(student.size / normChunk));
    const firsts = chunks.map((_, i) => chunks.slice(0, i).reduce((sum, count) => sum + count, 0));
    const total = chunks.reduce((sum, count) => sum + count, 0);
    this.partials = owned.make(total * 4, GPUBufferUsage.STORAGE);
    this.norms = owned.make(parameters.length * 4, GPUBufferUsage.STORAGE);
    const ranges = chunks.flatMap((count, i) => [{ whole: firsts[i] ?? 0 }, { whole: count }]);
    this.ranges = owned.filled(words(...ranges), GPUBufferUsage.STORAGE);
    this.normSizes = parameters.map(({ student }, i) =>
      owned.uniform(
        { whole: student.size },
        { whole: firsts[i] ?? 0 },
        { whole: across(chunks[i] ?? 1)[0] },
        { whole: 0 },
      ),
    );
    this.ownSizes = parameters.map(({ student, decays }, i) =>
      owned.uniform({ whole: student.size }, { whole: i }, decays ? 1 : 0, { whole: 0 }),
    );
    this.stepSizes = owned.uniform(0, { whole: parameters.length });
    this.centreSizes = owned.uniform(0, 0, 0, 0);
    this.rateBuffers = new RateBuffers(backend.device, owned);
  }

  /**
   * @param step number of the step, from 1 on
   * @param updates one for each parameter, in order; their gradients may be disposed afterwards
   * @param teacherOutputs shape [rows, K]
   */
  update(
    step: number,
    rates: OptimizerRates,
    updates: readonly ParameterUpdate[],
    loss: tf.Tensor,
    teacherOutputs: tf.Tensor,
  ): void {
    const queue = new BesideQueue(this.backend);
    this.judge(queue, step, updates, loss);
    const ratesOf = this.rateBuffers.forStep(rates);
    for (const [i, { gradient, updates: count }] of updates.entries())
      this.move(queue, i, count === 0 ? null : gradient, ratesOf(count));
    this.moveCentre(queue, rates.centreMomentum, teacherOutputs);
    queue.submit();
    this.forgetCopies();
  }

  /** Frees its own buffers; does not dispose any tensor. */
  dispose(): void {
    this.owned.dispose();
  }

  /** Computes the norm of every gradient, and from all of them whether the step is applied. */
  private judge(
    queue: BesideQueue,
    step: number,
    updates: readonly ParameterUpdate[],
    loss: tf.Tensor,
  ): void {
    const { partial, norm, verdict } = this.pipelines;
    const sizes = words(step, { whole: this.parameters.length });
    this.backend.device.queue.writeBuffer(this.stepSizes, 0, sizes);
    for (const [i, { gradient }] of updates.entries())
      if (gradient !== null) {
        const buffers = [this.bufferOf(gradient), this.partials, this.normSizes[i] as GPUBuffer];
        queue.add(partial, buffers, across(Math.ceil(gradient.size / normChunk)));
      }
    // The partial sums of a frozen parameter stay 0, the initial value of the buffer.
    queue.add(norm, [this.partials, this.ranges, this.norms], [this.parameters.length, 1]);
    const judged = [this.norms, this.bufferOf(loss), this.bufferOf(this.verdict), this.stepSizes];
    queue.add(verdict, judged, [1, 1]);
  }

  /** @param gradient null if the student is frozen and only the teacher is updated */
  private move(queue: BesideQueue, index: number, gradient: tf.Tensor | null, rates: GPUBuffer): void {
    const parameter = this.parameters[index] as OptimizedParameter;
    const [student, first, second, teacher] = [
      parameter.student,
      parameter.firstMoment,
      parameter.secondMoment,
      parameter.teacher,
    ].map((tensor) => this.bufferOf(tensor)) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
    const verdict = this.bufferOf(this.verdict);
    const uniforms = [rates, this.ownSizes[index] as GPUBuffer];
    const groups = across(Math.ceil(parameter.student.size / updateGroup));
    const { update, follow } = this.pipelines;
    if (gradient === null) queue.add(follow, [student, verdict, teacher, ...uniforms], groups);
    else {
      const read = [this.bufferOf(gradient), this.norms, verdict];
      queue.add(update, [...read, student, first, second, teacher, ...uniforms], groups);
    }
  }

  private moveCentre(queue: BesideQueue, momentum: number, teacherOutputs: tf.Tensor): void {
    const [rows = 0, columns = 0] = teacherOutputs.shape;
    const sizes = words({ whole: rows }, { whole: columns }, momentum, { whole: 0 });
    this.backend.device.queue.writeBuffer(this.centreSizes, 0, sizes);
    const tensors = [teacherOutputs, this.verdict, this.centre].map((tensor) => this.bufferOf(tensor));
    const groups = Math.ceil(columns / updateGroup);
    queue.add(this.pipelines.centre, [...tensors, this.centreSizes], [groups, 1]);
  }

  private bufferOf(tensor: tf.Tensor): GPUBuffer {
    this.backend.uploadToGPU(tensor.dataId);
    return this.backend.tensorMap.get(tensor.dataId).resource as GPUBuffer;
  }

  /** Drops tfjs's cached copies: tfjs keeps the values that it has uploaded or read, and would return them again. */
  private forgetCopies(): void {
    const forget = (tensor: tf.Tensor): void => {
      // The type says it always exists; tfjs itself stores null if it has no values.
      (this.backend.tensorMap.get(tensor.dataId) as { values: unknown }).values = null;
    };
    for (const { student, teacher, firstMoment, secondMoment } of this.parameters)
      for (const tensor of [student, teacher, firstMoment, secondMoment]) forget(tensor);
    forget(this.centre);
    forget(this.verdict);
  }
}
