import { sizeOf } from '../graph/shape.ts';
import type { Emitter, Tensor } from '../graph/tensor.ts';
import type { Target } from '../runtime/engine.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { type Buffer, end, NONE, type Pointer, type Row, repeat } from '../runtime/row.ts';
import type { StorageMap } from './storage.ts';

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

/** Elements below which a tensor is not worth sharing among threads. */
const SERIAL = 4096;

/** Collects the rows of a program while ops emit them. */
export class RowEmitter implements Emitter {
  readonly realBytes: 4 | 8;
  readonly MR: number;
  readonly NR: number;
  readonly fast: boolean;
  readonly #threads: number;
  readonly #rows: EmittedRow[] = [];
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
    return [...this.#early, ...this.#rows];
  }

  emit(node: Tensor): void {
    this.#node = node;
    node.op.emit(this, node);
  }

  at(tensor: Tensor): Pointer {
    return this.#storage.panels(tensor) ? this.#unpacked(tensor) : this.#storage.at(tensor);
  }

  panels(tensor: Tensor): Pointer | null {
    return this.#storage.panels(tensor) ? this.#storage.at(tensor) : null;
  }

  /** A copy row by row of what is kept in panels, at the moment of the last view that waits for other nodes. */
  #unpacked(tensor: Tensor): Pointer {
    let root = tensor;
    while (root.op.view && root.inputs.length === 1) root = root.inputs[0] as Tensor;
    const from = this.#storage.at(root);
    const N = root.shape.at(-1) as number;
    const make = (to: Pointer) => kernels.unpackB(to, from, N, this.NR, sizeOf(root.shape) / N, N);
    const early = this.early(root, 'rows', from.bytes, make);
    if (early) return early;
    return this.shared(root, 'rows', from.bytes, make);
  }

  shared(source: Tensor, purpose: string, bytes: number, make: (to: Pointer) => Row): Pointer {
    const memory = this.#sharedMemory.get(source) ?? new Map<string, Pointer>();
    this.#sharedMemory.set(source, memory);
    const known = memory.get(purpose);
    if (known) return known;
    const to = this.temp(bytes);
    memory.set(purpose, to);
    this.row(make(to));
    return to;
  }

  result(slot: number, count: number): Pointer {
    const real = this.realBytes;
    const strides = [[0, this.#slots * real]] as const;
    return { buffer: RESULTS, offset: slot * real, bytes: count * real, strides };
  }

  temp(bytes: number): Pointer {
    const node = this.#node as Tensor;
    return { buffer: { name: `${node.scope || node.op.name}/temp`, bytes }, offset: 0, bytes };
  }

  scratch(bytes: number): Pointer {
    return this.temp(this.#threads * bytes);
  }

  row(row: Row): void {
    this.#rows.push({ row, node: this.#node as Tensor });
  }

  first(row: Row): void {
    const node = this.#node as Tensor;
    if (this.#storage.isFixed(node)) this.row(row);
    else this.#early.push({ row, node });
  }

  early(
    source: Tensor | null,
    purpose: string,
    bytes: number,
    make: (to: Pointer) => Row,
  ): Pointer | null {
    const kind = source?.op.source;
    if (source && kind !== 'variable' && kind !== 'constant') return null;
    const from = source ? this.#storage.at(source) : NONE;
    const key = `${from.buffer?.name} ${from.offset} ${purpose}`;
    const known = this.#earlyMemory.get(key);
    if (known) return known;
    const to = this.temp(bytes);
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

  unit(rows: number, columns: number): number {
    if (rows >= 2 * this.MR) return this.MR;
    return rows * columns <= SERIAL ? Math.max(rows, 1) : 1;
  }
}
