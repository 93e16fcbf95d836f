/**
 * Clipping, AdamW, the teacher's and the centre's moving averages, in place on tfjs's own buffers: two dispatches a parameter,
 * where tfjs's ops take some twenty and as many buffers. tfjs cannot express a kernel of four results, so this one is recorded
 * beside its queue: what tfjs has recorded is submitted first, and its cached copies of what is written here are dropped.
 *
 * Nothing is read back. Whether the loss and every gradient are finite is decided on the device: after the first that are not,
 * no update changes anything, and the step's number stays to be read.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as tf from '@tensorflow/tfjs-core';

/** Tensors that are written; all of float32 and of one size. */
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
  /** 0 clips nothing. */
  readonly gradientClip: number;
  readonly clipEps: number;
  readonly firstDecay: number;
  readonly secondDecay: number;
  readonly eps: number;
}

export interface ParameterUpdate {
  /** Null where the parameter is frozen altogether. */
  readonly gradient: tf.Tensor | null;
  /** How many updates it has had with this one; 0 where it stands still now. The teacher follows either way. */
  readonly updates: number;
}

const normGroup = 256;
/** Values that a workgroup squares and sums. */
const normChunk = normGroup * 16;

/** Finite by its bits: a compiler may assume that NaN does not happen, and fold a comparison away. */
const isBadCode = `fn isBad(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }`;

const partialNormCode = `
  struct Sizes { count: u32, firstPartial: u32, groupsAcross: u32, unused: u32 };
  @group(0) @binding(0) var<storage, read> gradient: array<f32>;
  @group(0) @binding(1) var<storage, read_write> partials: array<f32>;
  @group(0) @binding(2) var<uniform> sizes: Sizes;
  var<workgroup> sums: array<f32, ${normGroup}>;
  @compute @workgroup_size(${normGroup})
  fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
    let chunk = group.y * sizes.groupsAcross + group.x;
    let end = min(sizes.count, (chunk + 1u) * ${normChunk}u);
    var sum = 0.0;
    for (var i = chunk * ${normChunk}u + local.x; i < end; i += ${normGroup}u) { sum += gradient[i] * gradient[i]; }
    sums[local.x] = sum;
    workgroupBarrier();
    for (var half = ${normGroup / 2}u; half > 0u; half >>= 1u) {
      if (local.x < half) { sums[local.x] += sums[local.x + half]; }
      workgroupBarrier();
    }
    if (local.x == 0u && chunk * ${normChunk}u < sizes.count) { partials[sizes.firstPartial + chunk] = sums[0]; }
  }`;

/** One workgroup a parameter: its partial sums to its norm. */
const normCode = `
  @group(0) @binding(0) var<storage, read> partials: array<f32>;
  @group(0) @binding(1) var<storage, read> ranges: array<vec2<u32>>;
  @group(0) @binding(2) var<storage, read_write> norms: array<f32>;
  var<workgroup> sums: array<f32, 64>;
  @compute @workgroup_size(64)
  fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
    let range = ranges[group.x];
    var sum = 0.0;
    for (var i = local.x; i < range.y; i += 64u) { sum += partials[range.x + i]; }
    sums[local.x] = sum;
    workgroupBarrier();
    if (local.x > 0u) { return; }
    for (var i = 1u; i < 64u; i++) { sum += sums[i]; }
    norms[group.x] = sqrt(sum);
  }`;

/** The norm of all gradients, and whether anything was not finite: [norm, first failed step or 0]. */
const verdictCode = `
  ${isBadCode}
  struct Step { number: f32, parameters: u32 };
  @group(0) @binding(0) var<storage, read> norms: array<f32>;
  @group(0) @binding(1) var<storage, read> loss: array<f32>;
  @group(0) @binding(2) var<storage, read_write> verdict: array<f32>;
  @group(0) @binding(3) var<uniform> step: Step;
  @compute @workgroup_size(1) fn main() {
    var sum = 0.0;
    for (var i = 0u; i < step.parameters; i++) { sum += norms[i] * norms[i]; }
    verdict[0] = sqrt(sum);
    if ((isBad(loss[0]) || isBad(sum)) && verdict[1] == 0.0) { verdict[1] = step.number; }
  }`;

const ratesCode = `
  struct Rates {
    learningRate: f32, weightDecay: f32, teacherMomentum: f32, clip: f32, clipEps: f32, firstDecay: f32, secondDecay: f32,
    eps: f32, firstCorrection: f32, secondCorrection: f32, unused0: f32, unused1: f32,
  };`;

/** Of one parameter. */
const ownCode = 'struct Own { count: u32, index: u32, decays: f32, unused: u32 };';

const updateGroup = 64;

const elementCode = `
    let i = global.x + global.y * groups.x * ${updateGroup}u;
    if (i >= own.count || verdict[1] != 0.0) { return; }`;

const updateCode = `
  ${ratesCode}
  ${ownCode}
  @group(0) @binding(0) var<storage, read> gradient: array<f32>;
  @group(0) @binding(1) var<storage, read> norms: array<f32>;
  @group(0) @binding(2) var<storage, read> verdict: array<f32>;
  @group(0) @binding(3) var<storage, read_write> student: array<f32>;
  @group(0) @binding(4) var<storage, read_write> first: array<f32>;
  @group(0) @binding(5) var<storage, read_write> second: array<f32>;
  @group(0) @binding(6) var<storage, read_write> teacher: array<f32>;
  @group(0) @binding(7) var<uniform> rates: Rates;
  @group(0) @binding(8) var<uniform> own: Own;
  @compute @workgroup_size(${updateGroup})
  fn main(@builtin(global_invocation_id) global: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    ${elementCode}
    var scale = 1.0;
    if (rates.clip > 0.0) { scale = min(1.0, rates.clip / (norms[own.index] + rates.clipEps)); }
    let g = gradient[i] * scale;
    let m = rates.firstDecay * first[i] + (1.0 - rates.firstDecay) * g;
    let v = rates.secondDecay * second[i] + (1.0 - rates.secondDecay) * g * g;
    let kept = student[i] * (1.0 - rates.learningRate * rates.weightDecay * own.decays);
    let deviation = sqrt(v * rates.secondCorrection) + rates.eps;
    let value = kept - rates.learningRate * rates.firstCorrection * m / deviation;
    first[i] = m;
    second[i] = v;
    student[i] = value;
    teacher[i] = rates.teacherMomentum * teacher[i] + (1.0 - rates.teacherMomentum) * value;
  }`;

/** The teacher alone, where the student stands still. */
const followCode = `
  ${ratesCode}
  ${ownCode}
  @group(0) @binding(0) var<storage, read> student: array<f32>;
  @group(0) @binding(1) var<storage, read> verdict: array<f32>;
  @group(0) @binding(2) var<storage, read_write> teacher: array<f32>;
  @group(0) @binding(3) var<uniform> rates: Rates;
  @group(0) @binding(4) var<uniform> own: Own;
  @compute @workgroup_size(${updateGroup})
  fn main(@builtin(global_invocation_id) global: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    ${elementCode}
    teacher[i] = rates.teacherMomentum * teacher[i] + (1.0 - rates.teacherMomentum) * student[i];
  }`;

const centreCode = `
  struct Sizes { rows: u32, columns: u32, momentum: f32, unused: u32 };
  @group(0) @binding(0) var<storage, read> outputs: array<f32>;
  @group(0) @binding(1) var<storage, read> verdict: array<f32>;
  @group(0) @binding(2) var<storage, read_write> centre: array<f32>;
  @group(0) @binding(3) var<uniform> sizes: Sizes;
  @compute @workgroup_size(${updateGroup}) fn main(@builtin(global_invocation_id) global: vec3<u32>) {
    let column = global.x;
    if (column >= sizes.columns || verdict[1] != 0.0) { return; }
    var sum = 0.0;
    for (var row = 0u; row < sizes.rows; row++) { sum += outputs[row * sizes.columns + column]; }
    centre[column] = sizes.momentum * centre[column] + (1.0 - sizes.momentum) * sum / f32(sizes.rows);
  }`;

const across = (groups: number): [number, number] => {
  const wide = Math.min(groups, 65_535);
  return [wide, Math.ceil(groups / wide)];
};

/** A float, or a whole number. */
type Word = number | { readonly whole: number };

/** Bytes of a uniform struct. */
function words(...values: readonly Word[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries())
    if (typeof value === 'number') view.setFloat32(4 * i, value, true);
    else view.setUint32(4 * i, value.whole, true);
  return view.buffer;
}

const ratesBytes = 12 * 4;

export class InPlaceOptimizer {
  private readonly backend: WebGPUBackend;
  private readonly parameters: readonly OptimizedParameter[];
  private readonly centre: tf.Tensor;
  /** shape [2]: norm of all gradients, first failed step or 0. */
  private readonly verdict: tf.Tensor;
  private readonly pipelines: Readonly<
    Record<'partial' | 'norm' | 'verdict' | 'update' | 'follow' | 'centre', GPUComputePipeline>
  >;
  private readonly owned: GPUBuffer[] = [];
  private readonly partials: GPUBuffer;
  private readonly ranges: GPUBuffer;
  private readonly norms: GPUBuffer;
  private readonly normSizes: readonly GPUBuffer[];
  private readonly ownSizes: readonly GPUBuffer[];
  private readonly stepSizes: GPUBuffer;
  private readonly centreSizes: GPUBuffer;
  /** Parameters differ in their number of updates, and with it in Adam's corrections; two kinds are all there are. */
  private readonly rateBuffers: GPUBuffer[] = [];
  private readonly ratesOf = new Map<number, GPUBuffer>();

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
    const compile = (code: string): GPUComputePipeline =>
      backend.device.createComputePipeline({
        layout: 'auto',
        compute: { module: backend.device.createShaderModule({ code }), entryPoint: 'main' },
      });
    this.pipelines = {
      partial: compile(partialNormCode),
      norm: compile(normCode),
      verdict: compile(verdictCode),
      update: compile(updateCode),
      follow: compile(followCode),
      centre: compile(centreCode),
    };
    const chunks = parameters.map(({ student }) => Math.ceil(student.size / normChunk));
    const firsts = chunks.map((_, i) => chunks.slice(0, i).reduce((sum, count) => sum + count, 0));
    const total = chunks.reduce((sum, count) => sum + count, 0);
    this.partials = this.buffer(total * 4, GPUBufferUsage.STORAGE);
    this.norms = this.buffer(parameters.length * 4, GPUBufferUsage.STORAGE);
    this.ranges = this.filled(
      words(...chunks.flatMap((count, i) => [{ whole: firsts[i] ?? 0 }, { whole: count }])),
      GPUBufferUsage.STORAGE,
    );
    this.normSizes = parameters.map(({ student }, i) =>
      this.uniform(
        { whole: student.size },
        { whole: firsts[i] ?? 0 },
        { whole: across(chunks[i] ?? 1)[0] },
        { whole: 0 },
      ),
    );
    this.ownSizes = parameters.map(({ student, decays }, i) =>
      this.uniform({ whole: student.size }, { whole: i }, decays ? 1 : 0, { whole: 0 }),
    );
    this.stepSizes = this.uniform(0, { whole: parameters.length });
    this.centreSizes = this.uniform(0, 0, 0, 0);
  }

  /**
   * @param step its number, from 1 on
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
    const { device } = this.backend;
    const { partial, norm, verdict, update, follow, centre } = this.pipelines;
    const [rows = 0, columns = 0] = teacherOutputs.shape;
    device.queue.writeBuffer(this.stepSizes, 0, words(step, { whole: this.parameters.length }));
    device.queue.writeBuffer(
      this.centreSizes,
      0,
      words({ whole: rows }, { whole: columns }, rates.centreMomentum, { whole: 0 }),
    );
    const verdictBuffer = this.bufferOf(this.verdict);
    const dispatches: {
      pipeline: GPUComputePipeline;
      group: GPUBindGroup;
      size: readonly [number, number];
    }[] = [];
    const run = (
      pipeline: GPUComputePipeline,
      buffers: readonly GPUBuffer[],
      size: readonly [number, number],
    ): void => {
      const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      dispatches.push({ pipeline, group, size });
    };
    for (const [i, { gradient }] of updates.entries())
      if (gradient !== null) {
        const buffers = [this.bufferOf(gradient), this.partials, this.normSizes[i] as GPUBuffer];
        run(partial, buffers, across(Math.ceil(gradient.size / normChunk)));
      }
    // A frozen parameter's partial sums stay 0, as the buffer began.
    run(norm, [this.partials, this.ranges, this.norms], [this.parameters.length, 1]);
    run(verdict, [this.norms, this.bufferOf(loss), verdictBuffer, this.stepSizes], [1, 1]);
    for (const [i, parameter] of this.parameters.entries()) {
      const { gradient, updates: count } = updates[i] as ParameterUpdate;
      const [student, first, second, teacher] = [
        parameter.student,
        parameter.firstMoment,
        parameter.secondMoment,
        parameter.teacher,
      ].map((tensor) => this.bufferOf(tensor)) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
      const uniforms = [this.rates(rates, count), this.ownSizes[i] as GPUBuffer];
      const groups = across(Math.ceil(parameter.student.size / updateGroup));
      if (gradient === null || count === 0)
        run(follow, [student, verdictBuffer, teacher, ...uniforms], groups);
      else {
        const read = [this.bufferOf(gradient), this.norms, verdictBuffer];
        run(update, [...read, student, first, second, teacher, ...uniforms], groups);
      }
    }
    const centreBuffers = [
      this.bufferOf(teacherOutputs),
      verdictBuffer,
      this.bufferOf(this.centre),
      this.centreSizes,
    ];
    run(centre, centreBuffers, [Math.ceil(columns / updateGroup), 1]);
    // What tfjs has recorded comes first, and asking for buffers may have recorded uploads. To be submitted, an encoder must
    // be there, and no pass open.
    this.backend.ensureCommandEncoderReady();
    this.backend.endComputePassEncoder();
    this.backend.submitQueue();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, size } of dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...size);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    this.forgetCopies();
    this.ratesOf.clear();
  }

  /** Frees its own buffers, and no tensor. */
  dispose(): void {
    for (const buffer of this.owned) buffer.destroy();
  }

  private bufferOf(tensor: tf.Tensor): GPUBuffer {
    this.backend.uploadToGPU(tensor.dataId);
    return this.backend.tensorMap.get(tensor.dataId).resource as GPUBuffer;
  }

  /** tfjs keeps what it has uploaded or read once, and would answer with it. */
  private forgetCopies(): void {
    const forget = (tensor: tf.Tensor): void => {
      // Typed as always there; tfjs itself holds null where it has none.
      (this.backend.tensorMap.get(tensor.dataId) as { values: unknown }).values = null;
    };
    for (const { student, teacher, firstMoment, secondMoment } of this.parameters)
      for (const tensor of [student, teacher, firstMoment, secondMoment]) forget(tensor);
    forget(this.centre);
    forget(this.verdict);
  }

  private rates(rates: OptimizerRates, updates: number): GPUBuffer {
    const known = this.ratesOf.get(updates);
    if (known !== undefined) return known;
    const {
      learningRate,
      weightDecay,
      teacherMomentum,
      gradientClip,
      clipEps,
      firstDecay,
      secondDecay,
      eps,
    } = rates;
    const values = words(
      learningRate,
      weightDecay,
      teacherMomentum,
      gradientClip,
      clipEps,
      firstDecay,
      secondDecay,
      eps,
      updates === 0 ? 1 : 1 / (1 - firstDecay ** updates),
      updates === 0 ? 1 : 1 / (1 - secondDecay ** updates),
      0,
      0,
    );
    const place = this.ratesOf.size;
    const buffer = (this.rateBuffers[place] ??= this.buffer(ratesBytes, GPUBufferUsage.UNIFORM));
    this.backend.device.queue.writeBuffer(buffer, 0, values);
    this.ratesOf.set(updates, buffer);
    return buffer;
  }

  private buffer(size: number, usage: number): GPUBuffer {
    const buffer = this.backend.device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST });
    this.owned.push(buffer);
    return buffer;
  }

  private filled(bytes: ArrayBuffer, usage: number): GPUBuffer {
    const buffer = this.buffer(bytes.byteLength, usage);
    this.backend.device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }

  private uniform(...values: readonly Word[]): GPUBuffer {
    return this.filled(words(...values), GPUBufferUsage.UNIFORM);
  }
}
