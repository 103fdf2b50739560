import { type Buffer, NONE, type Pointer, type Row } from '../runtime/row.ts';
import { scopePath } from './scope.ts';
import { checkShape, type Shape, sizeOf } from './shape.ts';

/** `real` is f32 or f64 as the build has it; `bool` is stored as real 0 or 1. */
export type DType = 'real' | 'i32' | 'u8' | 'bool';

export type Attrs = Readonly<Record<string, unknown>>;

/** A node of the graph: the result of an op that has not run yet. Holds no memory. */
export interface Tensor {
  readonly id: number;
  // biome-ignore lint/suspicious/noExplicitAny: an op's own attribute type is known only to the op
  readonly op: OpInfo<any>;
  readonly inputs: readonly Tensor[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly attrs: any;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Path of the layer that made it. */
  readonly scope: string;
}

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What `emit` may ask of the compiler. */
export interface Emitter {
  readonly realBytes: 4 | 8;
  readonly MR: number;
  readonly NR: number;
  /** Sums may be formed in any way that costs less, with other roundings: not in f64, nor where bits are the same on all machines. */
  readonly fast: boolean;
  /** Row of the step table that belongs to the running step. */
  readonly step: Pointer;
  /** Place for `count` values from `slot` on of the running step, which the host reads after the call. */
  result(slot: number, count: number): Pointer;
  /** Memory of a tensor, row by row. */
  at(tensor: Tensor): Pointer;
  /**
   * Memory of a tensor [.., N] that is kept in panels of NR columns, as products read their right operand: [N / NR][..][NR].
   * Null if it is not.
   */
  panels(tensor: Tensor): Pointer | null;
  /**
   * Memory filled by `make` at the start of the step, for what depends on `source` alone, if that is there by then: weights
   * are packed together, behind one barrier, and once for all users. Null if it is not. Without a source: what depends on
   * shapes alone.
   */
  early(
    source: Tensor | null,
    purpose: string,
    bytes: number,
    make: (to: Pointer) => Row,
  ): Pointer | null;
  /** Memory that `make` fills from `source` before its first use, for all nodes that ask for the same. */
  shared(source: Tensor, purpose: string, bytes: number, make: (to: Pointer) => Row): Pointer;
  /** Memory for the rows of this node alone. */
  temp(bytes: number): Pointer;
  /** So many bytes for each thread, one behind the other, for one row. */
  scratch(bytes: number): Pointer;
  row(row: Row): void;
  /** A row at the start of the step where nothing else is in the node's memory by then: it depends on nothing. */
  first(row: Row): void;
  /** The rows that `body` emits, `count` times; pointers made by `moving` advance by `bytes` each time. */
  repeat(count: number, body: (moving: (p: Pointer, bytes: number) => Pointer) => void): void;
  /** Memory of part k of a node with several results. */
  part(node: Tensor, k: number): Pointer;
  /** Rows of other nodes. */
  emit(node: Tensor): void;
  /** A loop around the rows of `body`, in which nodes may have memory for one iteration (see `Placer.body`). */
  loop(range: LoopRange, body: () => void): void;
  /** What the op's `place` returned for the node. */
  layout(node: Tensor): unknown;
  /** Stream of random numbers for this node: another one in each iteration of a loop. */
  stream(stream: number): Pointer | number;
  /** How `rows` of `columns` elements are shared among threads: rows in a unit. */
  unit(rows: number, columns: number): number;
}

/** How often a loop runs. */
export interface LoopRange {
  readonly count: number;
  /** Where the count stands as an i32 when the loop starts: at most `count` then. */
  readonly countAt?: Pointer;
  /** From the last position to the first. */
  readonly reverse?: boolean;
  /** The loop ends behind an iteration that leaves a 0 there. */
  readonly more?: Pointer;
}

/** Where a tensor lies, and whether others may take that memory after its last use. */
export interface Place {
  readonly pointer: Pointer;
  /** Kept in panels of columns: see `Variable.operand`. */
  readonly panels: boolean;
}

/** A value and the memory that shall hold it at the end of an iteration. */
export interface Slot {
  readonly value: Tensor;
  readonly pointer: Pointer;
  /** The tensor that is in this memory until then. */
  readonly old?: Tensor;
}

/** What an op that gives its parts memory of their own may ask of the compiler. */
export interface Placer {
  readonly realBytes: 4 | 8;
  /** Loops around the node. */
  readonly depth: number;
  /** Nodes of the program that are parts of this one. */
  parts(node: Tensor): readonly Tensor[];
  /** Where a tensor lies that was placed before. */
  place(tensor: Tensor): Place;
  /** New memory for this node. */
  memory(name: string, bytes: number): Pointer;
  put(tensor: Tensor, place: Place): void;
  /** `inner` stands for `outer` inside a loop. */
  alias(inner: Tensor, outer: Tensor): void;
  /** Places the nodes of a loop's body; values are computed in their slots where possible. Returns slots that need a copy. */
  body(nodes: readonly Tensor[], slots: readonly Slot[]): Slot[];
}

/** Gradients of an op's inputs; null: the result does not depend on it. */
export type Grads = readonly (Tensor | null)[];

/** A pattern in a program and what computes the same for less; see `compile/rewrite.ts`. */
export interface Rewrite {
  /** What is replaced: a node of one of these ops whose first input shows the op's node. Default: the op's node itself. */
  readonly user?: readonly unknown[];
  /** Other nodes may read the op's node too. */
  readonly shared?: boolean;
  /**
   * What stands in the place of the node; null: it stays. `of`: the op's node. `round`: to the real numbers of the build.
   */
  readonly replace: (node: Tensor, of: Tensor, round: (x: number) => number) => Tensor | null;
}

/** A graph as the rules of its ops leave it. */
export interface Rewritten {
  /** All nodes, inputs before users. */
  readonly nodes: readonly Tensor[];
  /** What stands for a node of the graph as it was written. */
  readonly now: (node: Tensor) => Tensor;
}

/** All rules of one op in one place; see `defineOp`. */
export interface OpInfo<A = Attrs> {
  readonly name: string;
  /** Type of the result; throws `ShapeError` or `TypeMismatchError`. */
  readonly type: (inputs: readonly Tensor[], attrs: A) => TensorType;
  /** Appends the rows that compute the node. */
  readonly emit: (e: Emitter, node: Tensor & { readonly attrs: A }) => void;
  /** Gradients of the inputs from that of the result; null: does not depend on it. Broadcasting is undone by the caller. */
  readonly grad?: (dy: Tensor, node: Tensor & { readonly attrs: A }) => Grads;
  /** The derivative is zero wherever there is one, so that no `grad` is needed. */
  readonly flat?: boolean;
  /** No element of the result is −0. */
  readonly unsigned?: boolean;
  /** The value is another one in each step. */
  readonly random?: boolean;
  /** Arithmetic operations of the node, for profiles. */
  readonly flops?: (node: Tensor & { readonly attrs: A }) => number;
  /** The result is the memory of input 0, or a part of it, with another shape: nothing is emitted. */
  readonly view?: boolean | ((node: Tensor & { readonly attrs: A }) => boolean);
  /** Elements of input 0 before the first of a view, default 0. */
  readonly offset?: (node: Tensor & { readonly attrs: A }) => number;
  /** The node is one of several results of input 0, which has no value of its own. */
  readonly part?: boolean;
  /** Gradients of the inputs from those of the node's parts. */
  readonly gradParts?: (
    cotangents: ReadonlyMap<Tensor, Tensor>,
    node: Tensor & { readonly attrs: A },
  ) => Grads;
  /** Places the parts of the node; what it returns is kept for `emit`. */
  readonly place?: (p: Placer, node: Tensor & { readonly attrs: A }) => unknown;
  /**
   * The sum of the node over all iterations of a loop as one node, from operands stacked along a new first axis (`stack`) or
   * summed (`sum`, null where that is not possible); null: not as one.
   */
  readonly summed?: (
    node: Tensor & { readonly attrs: A },
    stack: (t: Tensor) => Tensor,
    sum: (t: Tensor) => Tensor | null,
  ) => Tensor | null;
  /** Inputs whose memory the result may take. */
  readonly inplace?: readonly number[] | ((attrs: A) => readonly number[]);
  /** Rules for programs, by name: see `Rewrite`. */
  readonly rewrite?: Readonly<Record<string, Rewrite>>;
  /** Lets `rewrite` loose on the graph inside the node: what stands for the node and its parts, if it changed something. */
  readonly inside?: (
    node: Tensor & { readonly attrs: A },
    parts: readonly Tensor[],
    rewrite: (roots: readonly Tensor[]) => Rewritten,
  ) => ReadonlyMap<Tensor, Tensor> | null;
  /** Bounds of an activation, infinite where there are none: a finite one is where it saturates or dies. */
  readonly range?: (
    node: Tensor & { readonly attrs: A },
  ) => readonly [low: number, high: number] | undefined;
  /** The node is run for what it changes in memory, behind all others; it has no value. */
  readonly effect?: boolean;
  /** Writes the result in panels of NR columns where `panels` of the emitter says so. */
  readonly panels?: boolean;
  /** Where the value comes from when no op computes it. */
  readonly source?: 'input' | 'variable' | 'constant' | 'external' | 'loop';
}

let nextId = 0;

/** Nodes that are made from now on have ids of at least this. */
export function nextNode(): number {
  return nextId;
}

export function makeTensor<A>(op: OpInfo<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  const { shape, dtype } = op.type(inputs, attrs);
  checkShape(shape);
  return { id: nextId++, op, inputs, attrs, shape, dtype, scope: scopePath() };
}

/** Inputs whose memory the node may take. */
export function inplaceInputs({ op, attrs }: Tensor): readonly number[] {
  const { inplace = [] } = op;
  return typeof inplace === 'function' ? inplace(attrs) : inplace;
}

/** Whether the node is the memory of its first input, or a part of it. */
export function isView(node: Tensor): boolean {
  const { view } = node.op;
  return typeof view === 'function' ? view(node) : view === true;
}

/** The tensor whose memory a chain of views shows whole. */
export function wholeOf(node: Tensor): Tensor {
  const root = rootOf(node);
  return sizeOf(root.shape) === sizeOf(node.shape) ? root : node;
}

/** The node whose memory, or a part of it, a chain of views shows. */
export function rootOf(node: Tensor): Tensor {
  let root = node;
  while (isView(root)) root = root.inputs[0] as Tensor;
  return root;
}

export function isTensor(x: unknown): x is Tensor {
  return typeof x === 'object' && x !== null && 'op' in x && 'inputs' in x && 'shape' in x;
}

export function elementBytes(dtype: DType, realBytes: 4 | 8): number {
  return dtype === 'u8' ? 1 : dtype === 'i32' ? 4 : realBytes;
}

export function bytesOf({ shape, dtype }: TensorType, realBytes: 4 | 8): number {
  return sizeOf(shape) * elementBytes(dtype, realBytes);
}

export interface VariableStorage {
  readonly buffer: Buffer;
  readonly offset: number;
  /** Columns of a panel when [.., N] is kept as [N / panel][..][panel], else 0. */
  readonly panel: number;
  /** That of the engine when its memory was given what it holds, default 0. */
  generation?: number;
}

/** State that outlives a step: a weight, a statistic, an optimiser's slot. */
export class Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly trainable: boolean;
  /** The right operand of products: kept in panels of columns where the width allows, so that no step has to pack it. */
  readonly operand: boolean;
  /** Expression of the first value, traced when the variable gets its memory; `stream` names its random numbers. */
  readonly initial: (stream: number) => Tensor;
  /** Where it lives, once the model is built. */
  storage: VariableStorage | null = null;

  constructor(
    name: string,
    shape: Shape,
    initial: (stream: number) => Tensor,
    options: { dtype?: DType; trainable?: boolean; operand?: boolean } = {},
  ) {
    checkShape(shape);
    this.name = name;
    this.shape = shape;
    this.initial = initial;
    this.dtype = options.dtype ?? 'real';
    this.trainable = options.trainable ?? true;
    this.operand = options.operand ?? false;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  pointer(realBytes: 4 | 8): Pointer {
    if (!this.storage) return NONE;
    const { buffer, offset } = this.storage;
    return { buffer, offset, bytes: paddedBytes(this, realBytes) };
  }
}

/** Columns of the panels in which a variable is kept where products use NR of them: whole panels only, more than one. */
export function panelOf({ operand, shape }: Variable, NR: number): number {
  const N = shape.at(-1) ?? 0;
  return operand && N % NR === 0 && N >= 2 * NR ? NR : 0;
}

/** Bytes of a variable in its slab: whole cache lines, so that one row can update neighbours together. */
export function paddedBytes(type: TensorType, realBytes: 4 | 8): number {
  return wholeLines(bytesOf(type, realBytes));
}

/** Bytes rounded up to cache lines. */
export function wholeLines(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
