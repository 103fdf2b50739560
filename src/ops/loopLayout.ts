import {
  bytesOf,
  type Emitter,
  type Placer,
  type Slot,
  type Tensor,
  wholeOf,
} from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import type { Body } from './body.ts';
import { elementwise } from './emit.ts';

export interface LoopAttrs {
  readonly body: Body;
  readonly length: number;
  readonly reverse: boolean;
  readonly remat: boolean;
  /** The last input is the number of iterations, at most `length`. */
  readonly counted: boolean;
}

/** What the program reads of a loop: carries behind the last iteration, and values of all iterations. */
export type PartAttrs = { readonly carry: number } | { readonly value: Tensor };

/** What a loop needs for its rows. */
interface LoopLayout {
  readonly nodes: readonly Tensor[];
  /** Where carries stand before the first iteration. */
  readonly starts: readonly { readonly carry: number; readonly pointer: Pointer }[];
  readonly copies: readonly Slot[];
}

/** Carries and nodes that the wanted parts of a loop depend on. */
function needed(body: Body, parts: readonly PartAttrs[]) {
  const values = new Set(parts.flatMap((p) => ('value' in p ? [p.value] : [])));
  const carries = new Set(parts.flatMap((p) => ('carry' in p ? [p.carry] : [])));
  for (;;) {
    const nexts = [...carries].map((k) => body.carries[k]?.next as Tensor);
    const nodes = reachable([...values, ...nexts, ...(body.more ? [body.more] : [])]);
    const read = new Set(nodes);
    const more = body.carries.flatMap((c, k) => (read.has(c.input) && !carries.has(k) ? [k] : []));
    if (more.length === 0) return { nodes, values: [...values], carries: [...carries].sort() };
    for (const k of more) carries.add(k);
  }
}

/** Where position 0 of a stack lies, and how a pointer walks through it. */
class Walk {
  readonly #level: number;
  readonly #attrs: LoopAttrs;

  constructor(attrs: LoopAttrs, depth: number) {
    this.#attrs = attrs;
    this.#level = depth + 1;
  }

  /** The row of the running iteration in a stack of rows of so many bytes that begins at `stack`. */
  row(stack: Pointer, bytes: number): Pointer {
    const { length, reverse } = this.#attrs;
    const first = reverse ? (length - 1) * bytes : 0;
    const strides = [...(stack.strides ?? []), [this.#level, reverse ? -bytes : bytes] as const];
    return { ...stack, offset: stack.offset + first, bytes, strides };
  }
}

function shifted(p: Pointer, bytes: number): Pointer {
  return { ...p, offset: p.offset + bytes };
}

/** The inputs of a loop by what they are. */
export function inputsOf({ inputs, attrs }: Tensor & { readonly attrs: LoopAttrs }) {
  const { carries, items, captured } = attrs.body;
  const [i, j] = [carries.length, carries.length + items.length];
  return {
    starts: inputs.slice(0, i),
    items: inputs.slice(i, j),
    captured: inputs.slice(j, j + captured.length),
    count: attrs.counted ? (inputs.at(-1) as Tensor) : null,
  };
}

/** Whether the compiler knows how often the loop runs. */
export function isFixed({ counted, body }: LoopAttrs): boolean {
  return !counted && !body.more;
}

/** Lays out the memory of one loop. */
class Layout {
  readonly #p: Placer;
  readonly #attrs: LoopAttrs;
  readonly #walk: Walk;
  readonly #slots: Slot[] = [];
  readonly #starts: LoopLayout['starts'][number][] = [];
  /** Carries behind the last iteration. */
  readonly #ends = new Map<number, Pointer>();
  /** Row 0 of each stack, by the tensor whose rows it holds. */
  readonly #stacks = new Map<Tensor, Pointer>();

  constructor(p: Placer, attrs: LoopAttrs) {
    this.#p = p;
    this.#attrs = attrs;
    this.#walk = new Walk(attrs, p.depth);
  }

  /** Rows of the tensors that the loop walks through, and what is the same in all iterations. */
  inputs(node: Tensor & { readonly attrs: LoopAttrs }): void {
    const { body } = this.#attrs;
    const { items, captured } = inputsOf(node);
    body.captured.forEach((input, i) => {
      this.#p.alias(input, captured[i] as Tensor);
    });
    body.items.forEach((item, i) => {
      const { pointer } = this.#p.place(items[i] as Tensor);
      this.#put(item, this.#walk.row(pointer, this.#bytes(item)));
    });
  }

  /** A stacked carry is read from one row and written to the next; others keep their place. */
  carry(k: number, values: readonly Tensor[], name: string): void {
    const { input, next } = this.#attrs.body.carries[k] as Body['carries'][number];
    const bytes = this.#bytes(input);
    const own = [input, wholeOf(next)];
    if (isFixed(this.#attrs) && values.some((v) => own.includes(wholeOf(v)))) {
      this.#stackedCarry(k, input, next, name);
      return;
    }
    const memory = this.#p.memory(name, bytes);
    this.#put(input, memory);
    this.#slots.push({ value: next, pointer: memory, old: input });
    this.#starts.push({ carry: k, pointer: memory });
    this.#ends.set(k, memory);
  }

  #stackedCarry(k: number, input: Tensor, next: Tensor, name: string): void {
    const { length, reverse } = this.#attrs;
    const bytes = this.#bytes(input);
    const memory = this.#p.memory(name, (length + 1) * bytes);
    const [first, second] = [memory, shifted(memory, bytes)];
    const [before, after] = reverse ? [second, first] : [first, second];
    const end = shifted(memory, length * bytes);
    this.#put(input, this.#walk.row(before, bytes));
    this.#slots.push({ value: next, pointer: this.#walk.row(after, bytes) });
    this.#starts.push({ carry: k, pointer: reverse ? end : first });
    this.#ends.set(k, reverse ? first : end);
    this.#stacks.set(input, before).set(wholeOf(next), after);
  }

  stack(value: Tensor): void {
    const held = wholeOf(value);
    if (this.#stacks.has(held)) return;
    const bytes = this.#bytes(value);
    const name = `stack of ${value.scope || value.op.name}`;
    const memory = this.#p.memory(name, this.#attrs.length * bytes);
    this.#stacks.set(held, memory);
    this.#slots.push({ value, pointer: this.#walk.row(memory, bytes) });
  }

  /** Places the nodes of the body, then the parts of the loop. */
  rest(nodes: readonly Tensor[], parts: readonly Tensor[]): LoopLayout {
    const copies = this.#p.body(nodes, this.#slots);
    for (const part of parts) {
      const attrs = part.attrs as PartAttrs;
      const at =
        'carry' in attrs ? this.#ends.get(attrs.carry) : this.#stacks.get(wholeOf(attrs.value));
      this.#put(part, at as Pointer);
    }
    return { nodes, starts: this.#starts, copies };
  }

  #bytes(t: Tensor): number {
    return bytesOf(t, this.#p.realBytes);
  }

  #put(t: Tensor, pointer: Pointer): void {
    this.#p.put(t, { pointer, panels: false });
  }
}

/** Memory of a loop: of what the program reads of it, and of one iteration. */
export function placeLoop(p: Placer, node: Tensor & { readonly attrs: LoopAttrs }): LoopLayout {
  const parts = p.parts(node);
  const { nodes, values, carries } = needed(
    node.attrs.body,
    parts.map((part) => part.attrs as PartAttrs),
  );
  const layout = new Layout(p, node.attrs);
  layout.inputs(node);
  for (const k of carries) layout.carry(k, values, `carry of ${node.scope || 'scan'}`);
  for (const value of values) layout.stack(value);
  return layout.rest(nodes, parts);
}

/** Carries take their first values, then come the rows of the body between `repeat` and `end`. */
export function emitLoop(e: Emitter, node: Tensor & { readonly attrs: LoopAttrs }): void {
  const { body, length, reverse } = node.attrs;
  const { nodes, starts, copies } = e.layout(node) as LoopLayout;
  const inputs = inputsOf(node);
  for (const { carry, pointer } of starts)
    emitCopy(e, pointer, inputs.starts[carry] as Tensor, body.carries[carry]?.input as Tensor);
  const countAt = inputs.count ? e.at(inputs.count) : NONE;
  const more = body.more ? e.at(body.more) : NONE;
  e.loop({ count: length, countAt, reverse, more }, () => {
    for (const inner of nodes) e.emit(inner);
    for (const { value, pointer } of copies) emitCopy(e, pointer, value, value);
  });
}

function emitCopy(e: Emitter, to: Pointer, from: Tensor, type: Tensor): void {
  const { n, unit } = elementwise(e, type);
  const copy = type.dtype === 'i32' ? kernels.copyI32 : kernels.copy;
  e.row(copy({ ...to, bytes: bytesOf(type, e.realBytes) }, e.at(from), n, unit));
}
