/** The few messages of ONNX (onnx.proto) that models of the benchmark need. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
  readonly lists?: Readonly<Record<string, readonly number[]>>;
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: readonly string[];
  readonly constants?: Readonly<Record<string, Constant>>;
}

export interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

type Part = Uint8Array<ArrayBuffer>;

const FLOAT = 1;
const INT = 2;
const INTS = 7;
const IR_VERSION = 7;
const OPSET = 13;

function varint(n: number): number[] {
  return n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))];
}

function join(parts: readonly Part[]): Part {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const int = (field: number, n: number): Part =>
  Uint8Array.from([...varint(field * 8), ...varint(n)]);

function bytes(field: number, ...parts: readonly Part[]): Part {
  const body = join(parts);
  return join([Uint8Array.from([field * 8 + 2, ...varint(body.length)]), body]);
}

const text = (field: number, s: string): Part => bytes(field, new TextEncoder().encode(s));

function attribute(name: string, value: number | readonly number[]): Part {
  if (typeof value === 'number') return bytes(5, text(1, name), int(3, value), int(20, INT));
  return bytes(5, text(1, name), ...value.map((n) => int(8, n)), int(20, INTS));
}

function node({ op, inputs, outputs, ints = {}, lists = {} }: Node): Part {
  return bytes(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries({ ...ints, ...lists }).map(([name, value]) => attribute(name, value)),
  );
}

function tensor(name: string, { shape, data }: Constant): Part {
  const raw = new Uint8Array(Float32Array.from(data).buffer);
  return bytes(5, ...shape.map((n) => int(1, n)), int(2, FLOAT), text(8, name), bytes(9, raw));
}

function value(field: number, name: string, shape?: readonly number[]): Part {
  const dims = shape?.map((n) => bytes(1, int(1, n)));
  const type = bytes(1, int(1, FLOAT), ...(dims ? [bytes(2, ...dims)] : []));
  return bytes(field, text(1, name), bytes(2, type));
}

/** A model of f32 tensors. */
export function onnxModel({ nodes, inputs, outputs, constants = {} }: Graph): Part {
  const graph = bytes(
    7,
    ...nodes.map(node),
    text(2, 'bench'),
    ...Object.entries(constants).map(([name, constant]) => tensor(name, constant)),
    ...Object.entries(inputs).map(([name, shape]) => value(11, name, shape)),
    ...outputs.map((name) => value(12, name)),
  );
  return join([int(1, IR_VERSION), graph, bytes(8, int(2, OPSET))]);
}
