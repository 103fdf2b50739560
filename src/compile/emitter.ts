import { sizeOf } from '../graph/shape.ts';
import { type Emitter, isView, type LoopRange, type Tensor } from '../graph/tensor.ts';
import type { Target } from '../runtime/engine.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { type Buffer, end, NONE, type Pointer, type Row, repeat } from '../runtime/row.ts';
import type { Origin, StorageMap } from './storage.ts';

/** The step table: one row of 64 bytes a step, filled by the host before a call. */
export const STEPS: Buffer = { name: 'steps', bytes: 0 };
export const STEP_BYTES = 64;

/** What programs record: for each step `slots` reals. */
export const RESULTS: Buffer = { name: 'results', bytes: 0 };

/** A row and the node it belongs to. */
export interface EmittedRow {
  readonly row: Row;
  readonly node: Tensor;
}

/** The place of an iteration in what a loop walks through: `first`, then `step` further each time. */
interface Position {
  readonly level: number;
  readonly first: number;
  readonly step: 1 | -1;
}

/** Odd, near 2³² divided by the golden ratio. */
const APART = 0x9e3779b9;

/** Elements below which a tensor is not worth sharing among threads. */
const SERIAL = 4096;

/** Collects the rows of a program while ops emit them. */
export class RowEmitter implements Emitter {
  readonly realBytes: 4 | 8;
  readonly MR: number;
  readonly NR: number;
  readonly fast: boolean;
  readonly #threads: number;
  /** Of the program and of each open loop; the innermost takes what is emitted. */
  readonly #lists: EmittedRow[][] = [[]];
  readonly #early: EmittedRow[] = [];
  readonly #earlyMemory = new Map<string, Pointer>();
  readonly #sharedMemory = new Map<Tensor, Map<string, Pointer>>();
  readonly step: Pointer = {
    buffer: STEPS,
    offset: 0,
    bytes: STEP_BYTES,
    strides: [[0, STEP_BYTES]],
  };
  #storage: StorageMap;
  #slots: number;
  #node: Tensor | null = null;
  #level = 0;
  #positions: Position[] = [];

  constructor(target: Target, storage: StorageMap, slots: number) {
    this.realBytes = target.realBytes;
    this.MR = target.MR;
    this.NR = target.NR;
    this.fast = target.build === 'relaxed' || target.build === 'turbo';
    this.#threads = target.threads;
    this.#storage = storage;
    this.#slots = slots;
  }

  get rows(): EmittedRow[] {
    return [...this.#early, ...(this.#lists[0] as EmittedRow[])];
  }

  emit(node: Tensor): void {
    const outer = this.#node;
    this.#node = node;
    node.op.emit(this, node);
    this.#node = outer ?? node;
  }

  at(tensor: Tensor): Pointer {
    return this.#storage.panels(tensor) ? this.#unpacked(tensor) : this.#storage.at(tensor);
  }

  panels(tensor: Tensor): Pointer | null {
    return this.#storage.panels(tensor) ? this.#storage.at(tensor) : null;
  }

  part(node: Tensor, k: number): Pointer {
    return (this.layout(node) as readonly Pointer[])[k] as Pointer;
  }

  layout(node: Tensor): unknown {
    return this.#storage.layout(node);
  }

  /** A copy row by row of what is kept in panels, at the moment of the last view that waits for other nodes. */
  #unpacked(tensor: Tensor): Pointer {
    let root = tensor;
    while (isView(root) && root.inputs.length === 1) root = root.inputs[0] as Tensor;
    const from = this.#storage.at(root);
    const N = root.shape.at(-1) as number;
    const make = (to: Pointer) => kernels.unpackB(to, from, N, this.NR, sizeOf(root.shape) / N, N);
    const early = this.early(root, 'rows', from.bytes, make);
    return early ?? this.shared(root, 'rows', from.bytes, make);
  }

  shared(source: Tensor, purpose: string, bytes: number, make: (to: Pointer) => Row): Pointer {
    return this.#once(source, purpose, () => {
      const to = this.temp(bytes);
      this.row(make(to));
      return to;
    });
  }

  #once(source: Tensor, purpose: string, make: () => Pointer): Pointer {
    const memory = this.#sharedMemory.get(source) ?? new Map<string, Pointer>();
    this.#sharedMemory.set(source, memory);
    const known = memory.get(purpose) ?? make();
    memory.set(purpose, known);
    return known;
  }

  /** The same in front of the loops in which it does not change. */
  #ahead({ node, depth }: Origin, purpose: string, bytes: number, make: (to: Pointer) => Row) {
    return this.#once(node, purpose, () => {
      const to = this.#memory(bytes, depth);
      this.#lists[depth]?.push({ row: make(to), node: this.#node as Tensor });
      return to;
    });
  }

  result(slot: number, count: number): Pointer {
    const real = this.realBytes;
    const strides = [[0, this.#slots * real]] as const;
    return { buffer: RESULTS, offset: slot * real, bytes: count * real, strides };
  }

  temp(bytes: number): Pointer {
    return this.#memory(bytes, this.#lists.length - 1);
  }

  #memory(bytes: number, depth: number): Pointer {
    const node = this.#node as Tensor;
    const buffer = { name: `${node.scope || node.op.name}/temp`, bytes, depth };
    return { buffer, offset: 0, bytes };
  }

  scratch(bytes: number): Pointer {
    return this.temp(this.#threads * bytes);
  }

  row(row: Row): void {
    this.#lists.at(-1)?.push({ row, node: this.#node as Tensor });
  }

  first(row: Row): void {
    const node = this.#node as Tensor;
    if (this.#lists.length > 1 || this.#storage.isFixed(node)) this.row(row);
    else this.#early.push({ row, node });
  }

  early(
    source: Tensor | null,
    purpose: string,
    bytes: number,
    make: (to: Pointer) => Row,
  ): Pointer | null {
    const origin = source && this.#storage.origin(source);
    const kind = origin?.node.op.source;
    if (origin && kind !== 'variable' && kind !== 'constant')
      return origin.node === source ? null : this.#ahead(origin, purpose, bytes, make);
    const from = source ? this.#storage.at(source) : NONE;
    const key = `${from.buffer?.name} ${from.offset} ${purpose}`;
    const known = this.#earlyMemory.get(key);
    if (known) return known;
    const to = this.#memory(bytes, 0);
    this.#earlyMemory.set(key, to);
    this.#early.push({ row: make(to), node: this.#node as Tensor });
    return to;
  }

  /** The last rows: a variable takes a value that could not be computed in its memory. */
  assign(to: Pointer, value: Tensor, panel: number): void {
    this.#node = value;
    const n = sizeOf(value.shape);
    const N = value.shape.at(-1) as number;
    const copy = value.dtype === 'i32' ? kernels.copyI32 : kernels.copy;
    const from = this.at(value);
    this.row(
      panel ? kernels.packB(to, from, N, panel, n / N, N) : copy(to, from, n, this.unit(n, 1)),
    );
  }

  repeat(count: number, body: (moving: (p: Pointer, bytes: number) => Pointer) => void): void {
    this.#level++;
    const level = this.#level;
    this.row(repeat(count));
    body((p, bytes) => ({ ...p, strides: [...(p.strides ?? []), [level, bytes] as const] }));
    this.row(end());
    this.#level--;
  }

  loop({ count, countAt = NONE, reverse = false, more = NONE }: LoopRange, body: () => void): void {
    const rows: EmittedRow[] = [];
    this.#lists.push(rows);
    const level = ++this.#level;
    this.#positions.push({ level, first: reverse ? count - 1 : 0, step: reverse ? -1 : 1 });
    body();
    this.#positions.pop();
    this.#level--;
    this.#lists.pop();
    this.row(repeat(count, countAt));
    this.#lists.at(-1)?.push(...rows);
    this.row(end(more));
  }

  /** Iterations have streams that lie far apart. */
  stream(stream: number): Pointer | number {
    if (this.#positions.length === 0) return stream;
    const offset =
      this.#positions.reduce((sum, p) => sum + Math.imul(p.first, APART), stream) >>> 0;
    const strides = this.#positions.map((p) => [p.level, Math.imul(p.step, APART)] as const);
    return { buffer: null, offset, bytes: 0, strides };
  }

  unit(rows: number, columns: number): number {
    if (rows >= 2 * this.MR) return evenUnit(rows, this.MR);
    return rows * columns <= SERIAL ? Math.max(rows, 1) : 1;
  }
}

/** Rows of a unit: a tile, or of a short batch an eighth, so that two, four and eight threads have as many rows each. */
export function evenUnit(rows: number, MR: number): number {
  return rows <= 16 * MR && rows % 8 === 0 ? rows / 8 : MR;
}
