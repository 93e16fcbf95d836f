/**
 * Gradient clipping, AdamW, and the moving averages of the teacher and the centre, all in place. tfjs's ops would take
 * about twenty dispatches a parameter, and as many buffers. Here the tensors that are written lie in two large buffers
 * (tensor-arena), so that one dispatch takes as many parameters as there are bindings for their gradients. tfjs cannot
 * express a kernel with four results, so these are recorded outside its queue: everything that tfjs has recorded is
 * submitted first, and tfjs's cached copies of the tensors written here are dropped.
 *
 * Nothing is read back. The device decides whether the loss and every gradient are finite. After the first step in which
 * they are not, no update changes anything, and the number of that step can be read.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as tf from '@tensorflow/tfjs-core';
import { across, BesideQueue } from './beside-queue.ts';
import { normChunk, normSlots, updateGroup, updateSlots, updateWords } from './optimizer-shaders.ts';
import { OwnedBuffers, words, type Word } from './owned-buffers.ts';
import { compilePipelines, type Pipelines } from './optimizer-pipelines.ts';
import { batchesOf, boundGradients, nothing, padded, StepUniforms, wordBytes } from './step-batches.ts';
import { TensorArena } from './tensor-arena.ts';

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

/** A parameter in a step. */
interface Moved {
  readonly index: number;
  readonly size: number;
  /** Null if the student is frozen and only the teacher is updated. */
  readonly gradient: GPUBuffer | null;
  readonly updates: number;
}

export class InPlaceOptimizer {
  private readonly backend: WebGPUBackend;
  private readonly parameters: readonly OptimizedParameter[];
  private readonly centre: tf.Tensor;
  /** shape [2]: norm of all gradients, and the first failed step or 0. */
  private readonly verdict: tf.Tensor;
  private readonly pipelines: Pipelines;
  private readonly owned: OwnedBuffers;
  /** Student and teacher of every parameter, and its moments. */
  private readonly networks: TensorArena;
  private readonly moments: TensorArena;
  /** Sums of squares of the chunks of each parameter, and the range of each parameter among them. */
  private readonly partials: GPUBuffer;
  private readonly ranges: GPUBuffer;
  private readonly firstPartials: readonly number[];
  /** The first failed step or 0, then the norm of every gradient. */
  private readonly judged: GPUBuffer;
  private readonly normUniforms: StepUniforms;
  private readonly updateUniforms: StepUniforms;
  private readonly stepSizes: GPUBuffer;
  private readonly centreSizes: GPUBuffer;

  /** Whether the device's bindings are large enough for parameters of these sizes. */
  static fits(backend: WebGPUBackend, sizes: readonly number[]): boolean {
    return sizes.every((size) => TensorArena.holds(backend, 2, size));
  }

  /**
   * @param parameters that fit; their tensors are moved and must not be used after `dispose`
   * @param verdict shape [2], zeros; borrowed like all tensors here
   * @param largest bytes of a buffer, where it is not the usual: as many as a binding reaches
   */
  constructor(
    backend: WebGPUBackend,
    parameters: readonly OptimizedParameter[],
    centre: tf.Tensor,
    verdict: tf.Tensor,
    largest?: number,
  ) {
    this.backend = backend;
    this.parameters = parameters;
    this.centre = centre;
    this.verdict = verdict;
    const { device } = backend;
    this.pipelines = compilePipelines(device);
    const owned = new OwnedBuffers(device);
    this.owned = owned;
    this.networks = new TensorArena(
      backend,
      parameters.map(({ student, teacher }) => [student, teacher]),
      largest,
    );
    this.moments = new TensorArena(
      backend,
      parameters.map(({ firstMoment, secondMoment }) => [firstMoment, secondMoment]),
      largest,
    );
    const chunks = parameters.map(({ student }) => Math.ceil(student.size / normChunk));
    this.firstPartials = chunks.map((_, i) => chunks.slice(0, i).reduce((sum, count) => sum + count, 0));
    const total = chunks.reduce((sum, count) => sum + count, 0);
    this.partials = owned.make(total * wordBytes, GPUBufferUsage.STORAGE);
    this.judged = owned.make((1 + parameters.length) * wordBytes, GPUBufferUsage.STORAGE);
    const ranges = chunks.flatMap((count, i) => [
      { whole: this.firstPartials[i] as number },
      { whole: count },
    ]);
    this.ranges = owned.filled(words(...ranges), GPUBufferUsage.STORAGE);
    const { length } = parameters;
    this.normUniforms = new StepUniforms(device, owned, normSlots * 4, length);
    const updateCount = updateWords.common + updateSlots * updateWords.slot;
    this.updateUniforms = new StepUniforms(device, owned, updateCount, length);
    this.stepSizes = owned.uniform(0, { whole: length });
    this.centreSizes = owned.uniform(0, 0, 0, 0);
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
    const moved = updates.map(({ gradient, updates: count }, index) => ({
      index,
      size: (this.parameters[index] as OptimizedParameter).student.size,
      gradient: gradient === null ? null : this.bufferOf(gradient),
      updates: count,
    }));
    this.judge(queue, step, moved, loss);
    this.move(queue, rates, moved);
    this.moveCentre(queue, rates.centreMomentum, teacherOutputs);
    queue.submit();
    this.forgetCopies();
  }

  /** Frees its own buffers, and with them the parameters' tensors. */
  dispose(): void {
    this.owned.dispose();
    this.networks.dispose();
    this.moments.dispose();
  }

  /** Computes the norm of every gradient, and from all of them whether the step is applied. */
  private judge(queue: BesideQueue, step: number, moved: readonly Moved[], loss: tf.Tensor): void {
    const { partial, norm, verdict } = this.pipelines;
    const sizes = words(step, { whole: this.parameters.length });
    this.backend.device.queue.writeBuffer(this.stepSizes, 0, sizes);
    this.normUniforms.begin();
    const found = moved.flatMap((each) =>
      each.gradient === null ? [] : [{ ...each, gradient: each.gradient }],
    );
    for (const batch of batchesOf(found, normSlots)) {
      const own = batch.flatMap(({ index, size }) => [
        { whole: size },
        { whole: this.firstPartials[index] as number },
        nothing,
        nothing,
      ]);
      const uniforms = this.normUniforms.add(padded(own, normSlots * 4));
      const gradients = boundGradients(
        batch.map(({ gradient }) => gradient),
        normSlots,
      );
      const [x, y] = across(Math.ceil((batch[0]?.size ?? 0) / normChunk));
      queue.add(partial, [this.partials, uniforms, ...gradients], [x, y, batch.length]);
    }
    this.normUniforms.write();
    // The partial sums of a frozen parameter stay 0, the initial value of the buffer.
    queue.add(norm, [this.partials, this.ranges, this.judged], [this.parameters.length, 1]);
    const judged = [this.judged, this.bufferOf(loss), this.bufferOf(this.verdict), this.stepSizes];
    queue.add(verdict, judged, [1, 1]);
  }

  private move(queue: BesideQueue, rates: OptimizerRates, moved: readonly Moved[]): void {
    this.updateUniforms.begin();
    const bufferOf = ({ index }: Moved): GPUBuffer =>
      this.networks.placeOf((this.parameters[index] as OptimizedParameter).student).buffer;
    for (const networks of new Set(moved.map(bufferOf))) {
      const here = moved.filter((each) => bufferOf(each) === networks);
      const isFrozen = ({ updates, gradient }: Moved): boolean => updates === 0 || gradient === null;
      const moving = here.filter((each) => !isFrozen(each));
      for (const batch of batchesOf(moving, updateSlots)) this.moveBatch(queue, rates, batch, false);
      for (const batch of batchesOf(here.filter(isFrozen), updateSlots))
        this.moveBatch(queue, rates, batch, true);
    }
    this.updateUniforms.write();
  }

  /** @param batch of parameters that lie in the same buffers */
  private moveBatch(
    queue: BesideQueue,
    rates: OptimizerRates,
    batch: readonly Moved[],
    isFrozen: boolean,
  ): void {
    const { teacherMomentum, gradientClip, clipEps, firstDecay, secondDecay, eps } = rates;
    const common = [teacherMomentum, gradientClip, clipEps, firstDecay, secondDecay, eps, 0, 0];
    const own = batch.flatMap((each) => this.slotWords(each, rates));
    const count = updateWords.common + updateSlots * updateWords.slot;
    const uniforms = this.updateUniforms.add(padded([...common, ...own], count));
    const [x, y] = across(Math.ceil((batch[0]?.size ?? 0) / updateGroup));
    const { student, firstMoment } = this.parameters[batch[0]?.index ?? 0] as OptimizedParameter;
    const written = [uniforms, this.judged, this.networks.placeOf(student).buffer];
    if (isFrozen) {
      queue.add(this.pipelines.follow, written, [x, y, batch.length]);
      return;
    }
    const gradients = boundGradients(
      batch.flatMap(({ gradient }) => (gradient === null ? [] : [gradient])),
      updateSlots,
    );
    const bound = [...written, this.moments.placeOf(firstMoment).buffer, ...gradients];
    queue.add(this.pipelines.update, bound, [x, y, batch.length]);
  }

  /** As the shader's `Slot`. */
  private slotWords({ index, size, updates }: Moved, rates: OptimizerRates): Word[] {
    const { student, teacher, firstMoment, secondMoment, decays } = this.parameters[
      index
    ] as OptimizedParameter;
    const { learningRate, weightDecay, firstDecay, secondDecay } = rates;
    const correction = (decay: number): number => (updates === 0 ? 1 : 1 / (1 - decay ** updates));
    return padded(
      [
        { whole: size },
        { whole: index },
        { whole: this.networks.placeOf(student).offset },
        { whole: this.networks.placeOf(teacher).offset },
        { whole: this.moments.placeOf(firstMoment).offset },
        { whole: this.moments.placeOf(secondMoment).offset },
        decays ? learningRate * weightDecay : 0,
        learningRate * correction(firstDecay),
        correction(secondDecay),
      ],
      updateWords.slot,
    );
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
