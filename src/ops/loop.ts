import { defineOp } from '../graph/op.ts';
import { atPath } from '../graph/scope.ts';
import {
  type Grads,
  isView,
  makeTensor,
  nextNode,
  type Rewritten,
  rootOf,
  type Tensor,
} from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import { OptionError } from '../runtime/errors.ts';
import { atOnce } from '../runtime/turns.ts';
import { add, affine } from './binary.ts';
import {
  type Body,
  borders,
  closeBody,
  copyGraph,
  loopInput,
  type OpenBody,
  varyingNodes,
} from './body.ts';
import { pullingBack } from './gradient.ts';
import { reshape } from './layout.ts';
import { input, scalar } from './leaf.ts';
import { emitLoop, inputsOf, isFixed, type LoopAttrs, placeLoop } from './loopLayout.ts';
import { cast } from './select.ts';
import { expand } from './sum.ts';

/** The rows of a body, `length` times. Its results are parts: carries behind the last iteration, stacks of all iterations. */
export const loop = defineOp({
  name: 'scan',
  args: (inputs: readonly Tensor[], attrs: LoopAttrs) => [inputs, attrs],
  type: () => ({ shape: [0], dtype: 'real' }),
  place: placeLoop,
  emit: emitLoop,
  flops: ({ attrs: { body, length } }) => length * flopsOf(body),
  gradParts: loopGradients,
  inside: rewriteBody,
});

function flopsOf({ carries, values }: Body): number {
  const nodes = reachable([...carries.map((c) => c.next), ...values]);
  return nodes.reduce((sum, node) => sum + (node.op.flops?.(node) ?? 0), 0);
}

/** Rewrites the graph of one iteration, whose nodes are made anew in the order in which they shall run. */
function rewriteBody(
  node: LoopNode,
  parts: readonly Tensor[],
  rewrite: (roots: readonly Tensor[]) => Rewritten,
): Map<Tensor, Tensor> | null {
  const body: Body = node.attrs.body;
  const { carries, more } = body;
  const stacks = parts.flatMap(({ attrs }) => attrs.value ?? []);
  const roots = [...carries.map((c) => c.next), ...stacks, ...(more ? [more] : [])];
  const { nodes, now } = rewrite(roots);
  if (roots.every((t) => now(t) === t)) return null;
  const made = new Map<Tensor, Tensor>();
  const inside = (t: Tensor) => made.get(now(t)) ?? now(t);
  for (const t of nodes) {
    const again = () => makeTensor(t.op, t.inputs.map(inside), t.attrs);
    if (t.inputs.length) made.set(t, atPath(t.scope, again));
  }
  const whole = loop(node.inputs, {
    ...node.attrs,
    body: {
      ...body,
      carries: carries.map(({ input, next }) => ({ input, next: inside(next) })),
      values: stacks.map(inside),
      more: more && inside(more),
    },
  });
  const others = parts.map(({ op, attrs }) => {
    const { value } = attrs;
    return makeTensor(op, [whole], value ? { value: inside(value) } : attrs);
  });
  return new Map([[node, whole], ...parts.map((p, i) => [p, others[i] as Tensor] as const)]);
}

/** A carry behind the last iteration. */
const lastCarry = defineOp({
  name: 'scanCarry',
  part: true,
  args: (whole: Tensor, carry: number) => [[whole], { carry }],
  type: ([whole], { carry }) => (whole as Tensor).attrs.body.carries[carry].input as Tensor,
  emit() {},
});

/** A value of the body in all iterations, along a new first axis. */
const stacked = defineOp({
  name: 'scanStack',
  part: true,
  args: (whole: Tensor, value: Tensor) => [[whole], { value }],
  type: ([whole], { value: { shape, dtype } }) => ({
    shape: [(whole as Tensor).attrs.length as number, ...shape],
    dtype,
  }),
  emit() {},
});

/** What a loop is made of; see `OpenBody`. */
export interface LoopSpec {
  readonly carries: readonly {
    readonly input: Tensor;
    readonly start: Tensor;
    readonly next: Tensor;
  }[];
  readonly items: readonly { readonly input: Tensor; readonly of: Tensor }[];
  /** What may be stacked beside carries. */
  readonly values: readonly Tensor[];
  readonly more?: Tensor | undefined;
  readonly count?: Tensor | undefined;
  readonly length: number;
  readonly reverse: boolean;
  /** Whether the backward pass computes the body again instead of keeping what it needs. */
  readonly remat: boolean;
  readonly since: number;
}

/** A loop whose results are taken by what they are called in its open body. */
export class Loop {
  readonly #spec: LoopSpec;
  readonly #node: Tensor;
  readonly #closed: (t: Tensor) => Tensor | undefined;

  constructor(spec: LoopSpec) {
    this.#spec = spec;
    const { length, reverse, remat, count, more = null } = spec;
    const open: OpenBody = {
      carries: spec.carries.map(({ input, next }) => ({ input, next: settled(next) })),
      items: spec.items.map((item) => item.input),
      values: more || count ? spec.values.map(settled) : spec.values,
      more,
      since: spec.since,
    };
    const { body, captured, closed } = closeBody(open);
    const starts = spec.carries.map((c) => c.start);
    const items = spec.items.map((item) => inRows(item.of));
    const inputs = [...starts, ...items, ...captured, ...(count ? [count] : [])];
    this.#node = loop(inputs, { body, length, reverse, remat, counted: count !== undefined });
    const names = new Map(spec.values.map((v, i) => [v, open.values[i] as Tensor]));
    this.#closed = (t) => closed(names.get(t) ?? t);
  }

  last(carry: number): Tensor {
    return lastCarry(this.#node, carry);
  }

  stack(value: Tensor): Tensor {
    const item = this.#spec.items.find(({ input }) => input === value);
    if (item) return item.of;
    const inside = this.#closed(value);
    if (inside) return stacked(this.#node, inside);
    return expand(reshape(value, [1, ...value.shape]), [this.#spec.length, ...value.shape]);
  }
}

/** A value that is no memory of the loop's inputs, which the iteration may overwrite before it is copied. */
function settled(t: Tensor): Tensor {
  return rootOf(t).op.source === 'loop' ? cast(t, t.dtype) : t;
}

/** A weight is kept in panels, in which it cannot be walked through. */
function inRows(t: Tensor): Tensor {
  return rootOf(t).op.source === 'variable' ? cast(t, t.dtype) : t;
}

type LoopNode = Tensor & { readonly attrs: LoopAttrs };

/**
 * The loop backwards: what is carried is the gradient of the carries. Values of the forward pass that it needs are stacked, or
 * computed again. Operands that do not vary with the loop get the sum of their gradients over all iterations, as one node behind the
 * loop where their ops know how, else added up in a carry.
 */
function loopGradients(cotangents: ReadonlyMap<Tensor, Tensor>, node: LoopNode): Grads {
  if (!isFixed(node.attrs))
    throw new OptionError('scan: no gradient where the number of iterations is data');
  return new Backward(cotangents, node).gradients();
}

class Backward {
  readonly #node: LoopNode;
  readonly #since = nextNode();
  /** Nodes of the body made again, and for these the nodes of the body: gradients are taken of them. */
  readonly #opened = new Map<Tensor, Tensor>();
  readonly #forward = new Map<Tensor, Tensor>();
  readonly #items: { input: Tensor; of: Tensor }[] = [];
  /** Gradients of the carries behind the forward loop, and what stands for them in the body. */
  readonly #last = new Map<number, Tensor>();
  readonly #carried: readonly Tensor[];
  readonly #seeds = new Map<Tensor, Tensor[]>();
  /** What stands for a node of the forward body in the backward one. */
  readonly #kept = new Map<Tensor, Tensor>();

  constructor(cotangents: ReadonlyMap<Tensor, Tensor>, node: LoopNode) {
    this.#node = node;
    const { carries } = this.#body;
    const asked = [...cotangents.keys()].flatMap(({ attrs }) => attrs.value ?? []);
    this.#open([...carries.map((c) => c.next), ...asked]);
    this.#carried = carries.map(({ input }) => loopInput(input));
    for (const [{ attrs }, dy] of cotangents) {
      if ('carry' in attrs) this.#last.set(attrs.carry as number, dy);
      else this.#seed(attrs.value as Tensor, this.#item(dy));
    }
    carries.forEach(({ next }, k) => {
      if (isReal(next)) this.#seed(next, this.#carried[k] as Tensor);
    });
  }

  get #body(): Body {
    return this.#node.attrs.body;
  }

  gradients(): Grads {
    const { length, reverse } = this.#node.attrs;
    const body = this.#body;
    const found = this.#pullBack([
      ...body.carries.map((c) => c.input),
      ...body.items,
      ...body.captured,
    ]);
    const [m, n] = [body.carries.length, body.carries.length + body.items.length];
    const [dCarries, dItems, dCaptured] = [found.slice(0, m), found.slice(m, n), found.slice(n)];
    const carries = body.carries.flatMap(({ input }, k) => {
      if (!isReal(input)) return [];
      const start = this.#last.get(k) ?? zeros(input);
      return [{ k, input: this.#carried[k] as Tensor, start, next: dCarries[k] ?? zeros(input) }];
    });
    const sums = new Sums(dCaptured, length, this.#since);
    const values = [...dItems.filter((dx) => dx !== undefined), ...sums.operands];
    const loop = new Loop({
      carries: [...carries, ...sums.carries],
      items: this.#items,
      values,
      length,
      reverse: !reverse,
      remat: false,
      since: this.#since,
    });
    const starts = body.carries.map((_, k) => {
      const at = carries.findIndex((c) => c.k === k);
      return at < 0 ? null : loop.last(at);
    });
    const items = dItems.map((dx) => (dx ? loop.stack(dx) : null));
    return [...starts, ...items, ...sums.results(loop, carries.length)];
  }

  /** Makes the body again, on inputs of its own. */
  #open(results: readonly Tensor[]): void {
    const body = this.#body;
    const inputs = [...body.carries.map((c) => c.input), ...body.items, ...body.captured];
    for (const input of inputs) this.#opened.set(input, loopInput(input));
    for (const node of reachable(results)) {
      const source = node.op.random && node.inputs.length === 0;
      if (source) this.#opened.set(node, makeTensor(node.op, [], node.attrs));
    }
    copyGraph(results, this.#opened);
    for (const [inside, node] of this.#opened) this.#forward.set(node, inside);
  }

  #seed(value: Tensor, dy: Tensor): void {
    const node = this.#opened.get(value) ?? value;
    this.#seeds.set(node, [...(this.#seeds.get(node) ?? []), dy]);
  }

  /** One row of a tensor that the backward loop walks through. */
  #item(of: Tensor): Tensor {
    const input = loopInput({ shape: of.shape.slice(1), dtype: of.dtype });
    this.#items.push({ input, of });
    return input;
  }

  /** Gradients of inputs of the body, in terms of what the backward loop has. */
  #pullBack(inputs: readonly Tensor[]): (Tensor | undefined)[] {
    const own = inputs.map((t) => this.#opened.get(t) as Tensor);
    const found = atOnce(pullingBack(this.#seeds, own));
    const roots = found.filter((dx) => dx !== undefined);
    const given = this.#node.attrs.remat ? new Set(own) : this.#forward;
    for (const t of borders(roots, this.#since, (t) => given.has(t) || this.#isPart(t)))
      this.#keep(t);
    copyGraph(roots, this.#kept, this.#since);
    return found.map((dx) => dx && (this.#kept.get(dx) ?? dx));
  }

  /** Whether a gradient asks for one more part of a loop in the body, which is a node of the forward pass then. */
  #isPart(t: Tensor): boolean {
    if (!t.op.part || this.#node.attrs.remat) return false;
    const whole = this.#forward.get(t.inputs[0] as Tensor);
    if (whole) this.#forward.set(t, makeTensor(t.op, [whole], t.attrs));
    return whole !== undefined;
  }

  /** A node of the forward pass as the backward loop has it: views are made again. */
  #keep(t: Tensor): Tensor {
    const known = this.#kept.get(t);
    if (known) return known;
    const made = isView(t)
      ? makeTensor(
          t.op,
          t.inputs.map((x) => (this.#forward.has(x) ? this.#keep(x) : x)),
          t.attrs,
        )
      : this.#stacked(this.#forward.get(t) as Tensor);
    this.#kept.set(t, made);
    return made;
  }

  #stacked(inside: Tensor): Tensor {
    const body = this.#body;
    const inputs = inputsOf(this.#node);
    const captured = body.captured.indexOf(inside);
    if (captured >= 0) return inputs.captured[captured] as Tensor;
    const item = inputs.items[body.items.indexOf(inside)];
    return this.#item(item ?? stacked(this.#node, inside));
  }
}

/** Sums over all iterations of gradients that each iteration has. */
class Sums {
  readonly #grads: readonly (Tensor | undefined)[];
  readonly #length: number;
  readonly #varying: ReadonlySet<Tensor>;
  /** What must be stacked for those that are one node behind the loop. */
  readonly operands: Tensor[] = [];
  /** The others are added up, each in a carry. */
  readonly carries: { input: Tensor; start: Tensor; next: Tensor }[] = [];
  readonly #places = new Map<Tensor, number>();

  constructor(grads: readonly (Tensor | undefined)[], length: number, since: number) {
    this.#grads = grads;
    this.#length = length;
    const roots = grads.filter((g) => g !== undefined);
    this.#varying = varyingNodes(roots, new Set(), since);
    const asked = (t: Tensor) => {
      this.operands.push(t);
      return input('stack', [length, ...t.shape], t.dtype);
    };
    for (const g of roots) if (!this.#sum(g, asked)) this.#accumulate(g);
  }

  results(loop: Loop, first: number): (Tensor | null)[] {
    return this.#grads.map((g) => {
      if (!g) return null;
      const place = this.#places.get(g);
      if (place !== undefined) return loop.last(first + place);
      return this.#sum(g, (t) => loop.stack(t));
    });
  }

  #sum(g: Tensor, stack: (t: Tensor) => Tensor): Tensor | null {
    if (!this.#varying.has(g)) return affine(g, this.#length);
    return g.op.summed?.(g, stack, (t) => this.#sum(t, stack)) ?? null;
  }

  #accumulate(g: Tensor): void {
    const sum = loopInput(g);
    this.#places.set(g, this.carries.length);
    this.carries.push({ input: sum, start: zeros(g), next: add(sum, g) });
  }
}

function isReal({ dtype }: Tensor): boolean {
  return dtype === 'real';
}

function zeros({ shape }: Tensor): Tensor {
  return expand(scalar(0), shape);
}
