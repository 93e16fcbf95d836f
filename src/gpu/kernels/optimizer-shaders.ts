/**
 * The WGSL of `InPlaceOptimizer`: computes the norm of each gradient, then a verdict from all norms, then the updates
 * that the verdict allows.
 */

const normGroup = 256;
/** Number of values that a workgroup squares and sums. */
export const normChunk = normGroup * 16;

/** Tests the bits: a compiler may assume that NaN does not occur and remove a comparison. */
const isBadCode = `fn isBad(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }`;

export const partialNormCode = `
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

/** One workgroup a parameter computes its norm from its partial sums. */
export const normCode = `
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
export const verdictCode = `
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

/** Values of one parameter. */
const ownCode = 'struct Own { count: u32, index: u32, decays: f32, unused: u32 };';

export const updateGroup = 64;

const elementCode = `
    let i = global.x + global.y * groups.x * ${updateGroup}u;
    if (i >= own.count || verdict[1] != 0.0) { return; }`;

export const updateCode = `
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

/** Updates only the teacher, if the student is frozen. */
export const followCode = `
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
