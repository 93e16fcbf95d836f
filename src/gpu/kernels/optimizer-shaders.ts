/**
 * The WGSL of `InPlaceOptimizer`: computes the norm of each gradient, then a verdict from all norms, then the updates
 * that the verdict allows.
 */

const normGroup = 256;
/** Number of values that a workgroup squares and sums. */
export const normChunk = normGroup * 16;

/** Tests the bits: a compiler may assume that NaN does not occur and remove a comparison. */
const isBadCode = `fn isBad(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }`;

/** Gradients that one dispatch squares and sums: with the sums these are as many bindings as every device has. */
export const normSlots = 7;
/** Gradients that one dispatch applies, beside the four tensors of every parameter and the norms. */
export const updateSlots = 5;

const slots = (count: number, code: (slot: number) => string): string =>
  Array.from({ length: count }, (_, slot) => code(slot)).join('\n');

/** Reads the gradient of a slot: WGSL has no arrays of bindings. */
const gradientCode = (count: number, firstBinding: number): string => `
  ${slots(count, (slot) => `@group(0) @binding(${firstBinding + slot}) var<storage, read> gradient${slot}: array<f32>;`)}
  fn gradientAt(slot: u32, i: u32) -> f32 {
    switch (slot) {
      ${slots(count - 1, (slot) => `case ${slot}u: { return gradient${slot}[i]; }`)}
      default: { return gradient${count - 1}[i]; }
    }
  }`;

/** The workgroups' z is the slot. A slot without a gradient has the count 0. */
export const partialNormCode = `
  struct Slot { count: u32, firstPartial: u32, unused0: u32, unused1: u32 };
  @group(0) @binding(0) var<storage, read_write> partials: array<f32>;
  @group(0) @binding(1) var<uniform> slots: array<Slot, ${normSlots}>;
  ${gradientCode(normSlots, 2)}
  var<workgroup> sums: array<f32, ${normGroup}>;
  @compute @workgroup_size(${normGroup})
  fn main(
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
  ) {
    let own = slots[group.z];
    let chunk = group.y * groups.x + group.x;
    let end = min(own.count, (chunk + 1u) * ${normChunk}u);
    var sum = 0.0;
    for (var i = chunk * ${normChunk}u + local.x; i < end; i += ${normGroup}u) {
      let value = gradientAt(group.z, i);
      sum += value * value;
    }
    sums[local.x] = sum;
    workgroupBarrier();
    for (var half = ${normGroup / 2}u; half > 0u; half >>= 1u) {
      if (local.x < half) { sums[local.x] += sums[local.x + half]; }
      workgroupBarrier();
    }
    if (local.x == 0u && chunk * ${normChunk}u < own.count) { partials[own.firstPartial + chunk] = sums[0]; }
  }`;

/** One workgroup a parameter computes its norm from its partial sums. */
export const normCode = `
  @group(0) @binding(0) var<storage, read> partials: array<f32>;
  @group(0) @binding(1) var<storage, read> ranges: array<vec2<u32>>;
  @group(0) @binding(2) var<storage, read_write> judged: array<f32>;
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
    judged[1u + group.x] = sqrt(sum);
  }`;

/**
 * The norm of all gradients, and whether anything was not finite. `judged` has the first failed step or 0 and then the
 * norms; `verdict`, which the caller may read: [norm, first failed step or 0].
 */
export const verdictCode = `
  ${isBadCode}
  struct Step { number: f32, parameters: u32 };
  @group(0) @binding(0) var<storage, read_write> judged: array<f32>;
  @group(0) @binding(1) var<storage, read> loss: array<f32>;
  @group(0) @binding(2) var<storage, read_write> verdict: array<f32>;
  @group(0) @binding(3) var<uniform> step: Step;
  @compute @workgroup_size(1) fn main() {
    var sum = 0.0;
    for (var i = 1u; i <= step.parameters; i++) { sum += judged[i] * judged[i]; }
    verdict[0] = sqrt(sum);
    if ((isBad(loss[0]) || isBad(sum)) && verdict[1] == 0.0) { verdict[1] = step.number; }
    judged[0] = verdict[1];
  }`;

export const updateGroup = 64;

/** What the parameters of a dispatch have in common and what each has of its own: counts and places in values. */
const updateUniformsCode = `
  struct Slot {
    count: u32, index: u32, student: u32, teacher: u32, first: u32, second: u32,
    decay: f32, rate: f32, secondCorrection: f32, unused0: f32, unused1: f32, unused2: f32,
  };
  struct Update {
    teacherMomentum: f32, clip: f32, clipEps: f32, firstDecay: f32, secondDecay: f32, eps: f32, unused0: f32, unused1: f32,
    slots: array<Slot, ${updateSlots}>,
  };
  @group(0) @binding(0) var<uniform> update: Update;
  @group(0) @binding(1) var<storage, read> judged: array<f32>;
  @group(0) @binding(2) var<storage, read_write> networks: array<f32>;`;

/** Words of `Update` before its slots, and of a slot. */
export const updateWords = { common: 8, slot: 12 };

const elementCode = `
  @compute @workgroup_size(${updateGroup})
  fn main(@builtin(global_invocation_id) global: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let own = update.slots[global.z];
    let i = global.x + global.y * groups.x * ${updateGroup}u;
    if (i >= own.count || judged[0] != 0.0) { return; }`;

const followLine = `
    let following = own.teacher + i;
    networks[following] = update.teacherMomentum * networks[following] + (1.0 - update.teacherMomentum) * value;
  }`;

/** The workgroups' z is the slot. A slot without a parameter has the count 0. */
export const updateCode = `
  ${updateUniformsCode}
  @group(0) @binding(3) var<storage, read_write> moments: array<f32>;
  ${gradientCode(updateSlots, 4)}
  ${elementCode}
    var scale = 1.0;
    if (update.clip > 0.0) { scale = min(1.0, update.clip / (judged[1u + own.index] + update.clipEps)); }
    let g = gradientAt(global.z, i) * scale;
    let m = update.firstDecay * moments[own.first + i] + (1.0 - update.firstDecay) * g;
    let v = update.secondDecay * moments[own.second + i] + (1.0 - update.secondDecay) * g * g;
    let kept = networks[own.student + i] * (1.0 - own.decay);
    let value = kept - own.rate * m / (sqrt(v * own.secondCorrection) + update.eps);
    moments[own.first + i] = m;
    moments[own.second + i] = v;
    networks[own.student + i] = value;
    ${followLine}`;

/** Updates only the teacher, if the student is frozen. */
export const followCode = `
  ${updateUniformsCode}
  ${elementCode}
    let value = networks[own.student + i];
    ${followLine}`;

export const centreCode = `
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
