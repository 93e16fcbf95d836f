/**
 * Writes a ViT as an ONNX file. Its only output is CLS's attention in the last block, by the same formulas as ours: keys for all
 * tokens, a query for CLS alone. It uses only basic operators, since onnxruntime-web's MultiHeadAttention was wrong on one adapter.
 * Format: onnx.proto (IR 9, opset 20) in protobuf's wire encoding.
 */
import type { VitArchitecture } from '../../src/core/architecture.ts';
import { mlpHiddenDim } from '../../src/core/architecture.ts';
import { interpolatePositionEmbedding } from '../../src/vit/position-embedding.ts';
import { namedParameters } from './contestant.ts';

/** A protobuf message as a list of pieces. Large arrays are not copied until the end. */
class Message {
  readonly pieces: Uint8Array[] = [];
  byteLength = 0;

  int(field: number, value: number): this {
    return this.tag(field, 0).raw(varint(value));
  }

  float(field: number, value: number): this {
    return this.tag(field, 5).raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.tag(field, 2).raw(varint(value.byteLength)).raw(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    this.tag(field, 2).raw(varint(value.byteLength));
    for (const piece of value.pieces) this.raw(piece);
    return this;
  }

  encode(): Uint8Array {
    const result = new Uint8Array(this.byteLength);
    let at = 0;
    for (const piece of this.pieces) {
      result.set(piece, at);
      at += piece.byteLength;
    }
    return result;
  }

  private tag(field: number, wireType: number): this {
    return this.raw(varint(field * 8 + wireType));
  }

  private raw(bytes: Uint8Array): this {
    this.pieces.push(bytes);
    this.byteLength += bytes.byteLength;
    return this;
  }
}

/** Negative numbers, such as axes, take ten bytes. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

type Attribute = number | readonly number[] | { readonly float: number };

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, 2);
  if ('float' in value) return message.float(2, value.float).int(20, 1);
  for (const each of value) message.int(8, each);
  return message.int(20, 7);
}

function tensorMessage(
  name: string,
  shape: readonly number[],
  values: Float32Array | BigInt64Array,
): Message {
  const message = new Message();
  for (const side of shape) message.int(1, side);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return message
    .int(2, values instanceof Float32Array ? 1 : 7)
    .text(8, name)
    .bytes(9, bytes);
}

function valueMessage(name: string, shape: readonly number[]): Message {
  const dimensions = new Message();
  for (const side of shape) dimensions.message(1, new Message().int(1, side));
  const tensor = new Message().int(1, 1).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

/** Rows [begin, end) of a matrix of `width` columns, transposed: shape [width, end − begin]. */
function transposedRows(values: Float32Array, width: number, begin: number, end: number): Float32Array {
  const rows = end - begin;
  const result = new Float32Array(width * rows);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++)
      result[column * rows + row] = values[(begin + row) * width + column] as number;
  return result;
}

class Graph {
  readonly nodes = new Message();
  readonly tensors = new Message();
  private count = 0;

  node(operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    return this.nodeNamed(`${operator}_${this.count++}`, operator, inputs, attributes);
  }

  nodeNamed(
    output: string,
    operator: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
  ): string {
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attributeMessage(name, value));
    this.nodes.message(1, node);
    return output;
  }

  floats(shape: readonly number[], values: Float32Array): string {
    return this.tensor(shape, values);
  }

  integers(...values: number[]): string {
    return this.tensor([values.length], BigInt64Array.from(values.map(BigInt)));
  }

  private tensor(shape: readonly number[], values: Float32Array | BigInt64Array): string {
    const name = `constant_${this.count++}`;
    this.tensors.message(5, tensorMessage(name, shape, values));
    return name;
  }
}

/** @returns a model with the input `image`, shape [1, 3, height, width], and the output `attention`, shape [H, T] */
export function writeOnnx(
  architecture: VitArchitecture,
  { height, width }: { readonly height: number; readonly width: number },
  weights: Float32Array<ArrayBuffer>,
): Uint8Array {
  const { embedDim, depth, numHeads, patchSize, layerNormEps } = architecture;
  if (architecture.numRegisters > 0 || architecture.layerScale)
    throw new Error('registers and LayerScale are not written as ONNX');
  const headWidth = embedDim / numHeads;
  const rows = height / patchSize;
  const columns = width / patchSize;
  const tokens = 1 + rows * columns;
  const named = namedParameters(architecture, weights);
  const valuesOf = (name: string): Float32Array => {
    const parameter = named.get(name);
    if (parameter === undefined) throw new Error(`no parameter ${name}`);
    return parameter.values;
  };
  const graph = new Graph();
  const vector = (name: string): string => graph.floats([valuesOf(name).length], valuesOf(name));
  /** Adds a linear layer that computes only some of its outputs. */
  const linear = (x: string, name: string, inputs: number, begin: number, end: number): string => {
    const weight = transposedRows(valuesOf(`${name}.weight`), inputs, begin, end);
    const product = graph.node('MatMul', [x, graph.floats([inputs, end - begin], weight)]);
    const bias = named.get(`${name}.bias`)?.values.subarray(begin, end);
    return bias === undefined ? product : graph.node('Add', [product, graph.floats([end - begin], bias)]);
  };
  const layerNorm = (x: string, name: string): string =>
    graph.node('LayerNormalization', [x, vector(`${name}.weight`), vector(`${name}.bias`)], {
      axis: -1,
      epsilon: { float: layerNormEps },
    });
  const softmax = (scores: string): string => graph.node('Softmax', [scores], { axis: -1 });
  const scaled = (x: string): string =>
    graph.node('Mul', [x, graph.floats([1], Float32Array.of(headWidth ** -0.5))]);

  const patchWeight = graph.floats([embedDim, 3, patchSize, patchSize], valuesOf('patch_embed.proj.weight'));
  const sides = [patchSize, patchSize];
  const grid = graph.node('Conv', ['image', patchWeight, vector('patch_embed.proj.bias')], {
    kernel_shape: sides,
    strides: sides,
  });
  const flat = graph.node('Reshape', [grid, graph.integers(1, embedDim, tokens - 1)]);
  const patches = graph.node('Transpose', [flat], { perm: [0, 2, 1] });
  const cls = graph.floats([1, 1, embedDim], valuesOf('cls_token'));
  const positions = interpolatePositionEmbedding(
    valuesOf('pos_embed'),
    architecture,
    { rows, columns },
    'offset',
  );
  let x = graph.node('Add', [
    graph.node('Concat', [cls, patches], { axis: 1 }),
    graph.floats([1, tokens, embedDim], positions),
  ]);
  const perHead = graph.integers(1, tokens, numHeads, headWidth);
  const whole = graph.integers(1, tokens, embedDim);
  for (let index = 0; index < depth; index++) {
    const block = `blocks.${index}`;
    const normed = layerNorm(x, `${block}.norm1`);
    const part = (of: string, which: number): string =>
      linear(of, `${block}.attn.qkv`, embedDim, which * embedDim, (which + 1) * embedDim);
    const heads = (of: string, perm: number[]): string =>
      graph.node('Transpose', [graph.node('Reshape', [of, perHead])], { perm });
    const keys = heads(part(normed, 1), [0, 2, 3, 1]);
    if (index === depth - 1) {
      const first = graph.node('Slice', [normed, graph.integers(0), graph.integers(1), graph.integers(1)]);
      const query = graph.node('Reshape', [part(first, 0), graph.integers(1, numHeads, 1, headWidth)]);
      const row = softmax(scaled(graph.node('MatMul', [query, keys])));
      graph.nodeNamed('attention', 'Reshape', [row, graph.integers(numHeads, tokens)]);
      break;
    }
    const attention = softmax(scaled(graph.node('MatMul', [heads(part(normed, 0), [0, 2, 1, 3]), keys])));
    const mixed = graph.node('MatMul', [attention, heads(part(normed, 2), [0, 2, 1, 3])]);
    const joined = graph.node('Reshape', [graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), whole]);
    x = graph.node('Add', [x, linear(joined, `${block}.attn.proj`, embedDim, 0, embedDim)]);
    const hiddenDim = mlpHiddenDim(architecture);
    const hidden = linear(layerNorm(x, `${block}.norm2`), `${block}.mlp.fc1`, embedDim, 0, hiddenDim);
    x = graph.node('Add', [
      x,
      linear(graph.node('Gelu', [hidden]), `${block}.mlp.fc2`, hiddenDim, 0, embedDim),
    ]);
  }

  const body = new Message();
  for (const part of [graph.nodes, graph.tensors]) for (const piece of part.pieces) body.pieces.push(piece);
  body.byteLength = graph.nodes.byteLength + graph.tensors.byteLength;
  body
    .text(2, 'vit')
    .message(11, valueMessage('image', [1, 3, height, width]))
    .message(12, valueMessage('attention', [numHeads, tokens]));
  const opset = new Message().text(1, '').int(2, 20);
  return new Message().int(1, 9).text(2, 'dinoscope').message(7, body).message(8, opset).encode();
}
