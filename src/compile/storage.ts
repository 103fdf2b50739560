import { sizeOf } from '../graph/shape.ts';
import {
  bytesOf,
  elementBytes,
  inplaceInputs,
  isView,
  type Place,
  type Placer,
  rootOf,
  type Slot,
  type Tensor,
  type Variable,
  wholeLines,
} from '../graph/tensor.ts';
import type { Assignment } from '../nn/trace.ts';
import { StateError } from '../runtime/errors.ts';
import type { Buffer, Pointer } from '../runtime/row.ts';

/** Memory of a node: a planned buffer, or a place that is fixed (variable, constant, bound by the host, shared with others). */
interface Storage extends Place {
  readonly fixed: boolean;
  lastUse: number;
}

export interface Constants {
  readonly buffer: Buffer & { bytes: number };
  readonly data: { readonly at: number; readonly node: Tensor }[];
}

/** A tensor and the number of loops around it. */
export interface Origin {
  readonly node: Tensor;
  readonly depth: number;
}

/** A value and the fixed memory it is wanted in. */
interface Pin {
  readonly value: Tensor;
  readonly storage: Storage;
  /** What the memory holds until then. */
  readonly owner: Variable | Tensor | undefined;
  /** Columns of a panel there, else 0. */
  readonly panel: number;
}

/**
 * Decides which nodes share memory: views take their input's, elementwise ops may take the memory of an input that is
 * not needed any more, values that are assigned to a variable are computed in its memory where nobody reads it later.
 */
export class StorageMap implements Placer {
  readonly constants: Constants = { buffer: { name: 'constants', bytes: 0 }, data: [] };
  /** Assignments that need a copy at the end. */
  readonly copies: Assignment[] = [];
  readonly realBytes: 4 | 8;
  depth = 0;
  #reuse: boolean;
  #assigned: readonly Assignment[];
  #index = new Map<Tensor, number>();
  #lastUse = new Map<Tensor, number>();
  #storage = new Map<Tensor, Storage>();
  #pinned = new Map<Tensor, Storage>();
  #parts = new Map<Tensor, Tensor[]>();
  #origins = new Map<Tensor, Origin>();
  #layouts = new Map<Tensor, unknown>();

  constructor(
    order: readonly Tensor[],
    outputs: readonly Tensor[],
    assignments: readonly Assignment[],
    realBytes: 4 | 8,
    reuse: boolean,
  ) {
    this.realBytes = realBytes;
    this.#reuse = reuse;
    this.#assigned = assignments;
    this.#number(order, outputs);
    this.#assign(order, assignments);
    this.#walk(order);
  }

  /** Whether the memory of a node holds it, or what it is a view of, in panels. */
  panels(node: Tensor): boolean {
    return this.place(node).panels;
  }

  /** Whether the node's memory outlives the step. */
  isFixed(node: Tensor): boolean {
    return this.place(node).fixed;
  }

  place(node: Tensor): Storage {
    const storage = this.#storage.get(node);
    if (storage) return storage;
    throw new StateError(
      `${node.scope || 'scan'}: a tensor of a loop's body is used outside of it: return it from the body`,
    );
  }

  at(node: Tensor): Pointer {
    const { pointer } = this.place(node);
    return { ...pointer, bytes: bytesOf(node, this.realBytes) };
  }

  /** Buffers of variables in which values are computed or to which they are copied. */
  pinnedBuffers(): Buffer[] {
    return this.#assigned.flatMap(({ variable: { storage } }) => (storage ? [storage.buffer] : []));
  }

  parts(node: Tensor): readonly Tensor[] {
    return this.#parts.get(node) ?? [];
  }

  /** What the op's `place` returned. */
  layout(node: Tensor): unknown {
    return this.#layouts.get(node);
  }

  memory(name: string, bytes: number): Pointer {
    return { buffer: { name, bytes, depth: this.depth }, offset: 0, bytes };
  }

  put(node: Tensor, { pointer, panels }: Place): void {
    this.#storage.set(node, fixed(pointer, panels));
  }

  alias(inner: Tensor, outer: Tensor): void {
    this.put(inner, this.place(outer));
    this.#origins.set(inner, this.origin(outer));
  }

  /** What stands behind a tensor that is the same in all iterations, or that itself. */
  origin(node: Tensor): Origin {
    return this.#origins.get(node) ?? { node, depth: this.depth };
  }

  body(nodes: readonly Tensor[], slots: readonly Slot[]): Slot[] {
    this.depth++;
    this.#number(nodes, []);
    const pins = slots.map((slot) => {
      const { value, pointer, old } = slot;
      return { value, storage: fixed(pointer), owner: old, panel: 0, slot };
    });
    const copies = this.#pin(nodes, pins).map((pin) => pin.slot);
    this.#walk(nodes);
    this.depth--;
    return copies;
  }

  #number(order: readonly Tensor[], kept: readonly Tensor[]): void {
    order.forEach((node, i) => {
      this.#index.set(node, i);
      for (const input of node.inputs) this.#use(input, i);
      if (!node.op.part) return;
      const whole = node.inputs[0] as Tensor;
      this.#parts.set(whole, [...this.parts(whole), node]);
    });
    for (const node of kept) this.#use(node, Number.POSITIVE_INFINITY);
  }

  #walk(order: readonly Tensor[]): void {
    order.forEach((node, i) => {
      if (this.#storage.has(node)) return;
      if (node.op.place) this.#layouts.set(node, node.op.place(this, node));
      else this.#storage.set(node, this.#placed(node, i));
    });
  }

  #use(node: Tensor, when: number): void {
    const root = rootOf(node);
    this.#lastUse.set(root, Math.max(this.#lastUse.get(root) ?? -1, when));
  }

  #assign(order: readonly Tensor[], assignments: readonly Assignment[]): void {
    const pins = assignments.map((assignment) => {
      const { variable, value } = assignment;
      const storage = ofVariable(variable, this.realBytes);
      return { value, storage, owner: variable, panel: variable.storage?.panel ?? 0, assignment };
    });
    this.copies.push(...this.#pin(order, pins).map((pin) => pin.assignment));
  }

  /** Lets values be computed in the memory where they are wanted; returns those that must be copied there. */
  #pin<P extends Pin>(order: readonly Tensor[], pins: readonly P[]): P[] {
    const lastRead = new Map<Variable | Tensor, number>();
    for (const node of order) {
      const owner = ownerOf(node);
      if (!owner) continue;
      lastRead.set(owner, Math.max(lastRead.get(owner) ?? -1, this.#lastUse.get(node) ?? -1));
    }
    return pins.filter((pin) => {
      const root = rootOf(pin.value);
      const at = this.#index.get(root) as number;
      const read = (pin.owner && lastRead.get(pin.owner)) ?? -1;
      const sound = read < at || (read === at && this.#overwrites(root, pin.owner));
      if (sound && this.#fits(root, pin)) {
        this.#pinned.set(root, pin.storage);
        return false;
      }
      this.#use(pin.value, order.length);
      return true;
    });
  }

  /** Whether a node can be computed in that memory. */
  #fits(root: Tensor, { value, panel }: Pin): boolean {
    const { source, effect, part } = root.op;
    if (source || effect || part || this.#pinned.has(root)) return false;
    return sizeOf(root.shape) === sizeOf(value.shape) && (!panel || keepsColumns(root, value));
  }

  /** Whether the node may overwrite what it reads there. */
  #overwrites(node: Tensor, owner: Variable | Tensor | undefined): boolean {
    const own = node.inputs.map((input) => ownerOf(rootOf(input)) === owner);
    return inplaceInputs(node).some((i) => {
      const input = node.inputs[i];
      return (
        input &&
        own[i] &&
        own.filter(Boolean).length === 1 &&
        sizeOf(input.shape) === sizeOf(node.shape)
      );
    });
  }

  #placed(node: Tensor, i: number): Storage {
    const pinned = this.#pinned.get(node);
    if (pinned) return pinned;
    if (node.op.source) return this.#leaf(node);
    if (isView(node)) return this.#view(node);
    const lastUse = this.#lastUse.get(node) ?? i;
    const taken = this.#reuse ? this.#takeInput(node, i) : undefined;
    if (taken) {
      taken.lastUse = lastUse;
      return taken;
    }
    return this.#planned(node, lastUse);
  }

  #planned(node: Tensor, lastUse: number): Storage {
    const name = node.scope ? `${node.scope}/${node.op.name}` : node.op.name;
    const pointer = this.memory(name, bytesOf(node, this.realBytes));
    return { pointer, fixed: false, panels: false, lastUse };
  }

  /** The input's memory, or a part of it, which then no later node takes. */
  #view(node: Tensor): Storage {
    const storage = this.place(node.inputs[0] as Tensor);
    const elements = node.op.offset?.(node);
    if (!elements) return storage;
    const { pointer, panels } = storage;
    const offset = pointer.offset + elements * elementBytes(node.dtype, this.realBytes);
    return fixed({ ...pointer, offset }, panels);
  }

  /** The memory of an input that is used here for the last time. */
  #takeInput(node: Tensor, i: number): Storage | undefined {
    const bytes = bytesOf(node, this.realBytes);
    for (const k of inplaceInputs(node)) {
      const input = node.inputs[k] as Tensor;
      const storage = this.place(input);
      if (!storage.fixed && storage.lastUse === i && bytesOf(input, this.realBytes) === bytes)
        return storage;
    }
    return undefined;
  }

  #leaf(node: Tensor): Storage {
    if (node.op.source === 'variable') return ofVariable(node.attrs.variable, this.realBytes);
    if (node.op.source === 'constant') return this.#constant(node);
    if (node.op.source === 'external') {
      return fixed({ buffer: node.attrs.buffer as Buffer, offset: 0, bytes: 0 });
    }
    if (node.op.source === 'loop') return this.place(node);
    return { ...this.#planned(node, Number.POSITIVE_INFINITY), fixed: true };
  }

  #constant(node: Tensor): Storage {
    const { buffer, data } = this.constants;
    const bytes = bytesOf(node, this.realBytes);
    const at = buffer.bytes;
    buffer.bytes = at + wholeLines(bytes);
    data.push({ at, node });
    return fixed({ buffer, offset: at, bytes });
  }
}

function fixed(pointer: Pointer, panels = false): Storage {
  return { pointer, fixed: true, panels, lastUse: Number.POSITIVE_INFINITY };
}

function ofVariable(variable: Variable, realBytes: 4 | 8): Storage {
  return fixed(variable.pointer(realBytes), (variable.storage?.panel ?? 0) > 0);
}

/** Whose memory a leaf shows: that of a variable, or of what a loop carries. */
function ownerOf(node: Tensor): Variable | Tensor | undefined {
  if (node.op.source === 'variable') return node.attrs.variable as Variable;
  return node.op.source === 'loop' ? node : undefined;
}

/** Whether `root` can write the panels of its view `value`. */
function keepsColumns(root: Tensor, value: Tensor): boolean {
  return (
    root.op.panels === true &&
    root.inputs[1]?.shape.length === 2 &&
    root.shape.at(-1) === value.shape.at(-1)
  );
}
