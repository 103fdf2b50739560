import { defineOp } from '../graph/op.ts';
import { atPath } from '../graph/scope.ts';
import { makeTensor, type Tensor, type TensorType } from '../graph/tensor.ts';
import { OptionError } from '../runtime/errors.ts';

/** What a loop's body is given: a carry, one row of what it walks through, or what is the same in all iterations. */
export const loopInput = defineOp({
  name: 'loopInput',
  source: 'loop',
  args: ({ shape, dtype }: TensorType) => [[], { shape, dtype }],
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  emit() {},
});

/** The graph of one iteration. It reads nothing but its own inputs and constants. */
export interface Body {
  /** What an iteration finds in `input`, and what the next one finds there. */
  readonly carries: readonly { readonly input: Tensor; readonly next: Tensor }[];
  /** One row of each tensor that the loop walks through. */
  readonly items: readonly Tensor[];
  readonly captured: readonly Tensor[];
  /** What may be stacked. */
  readonly values: readonly Tensor[];
  /** The loop ends behind an iteration in which this is 0. */
  readonly more: Tensor | null;
}

/** A body as it was traced: it may read any tensor from outside. */
export interface OpenBody extends Omit<Body, 'captured'> {
  /** Its nodes have ids of at least this. */
  readonly since: number;
}

export interface ClosedBody {
  readonly body: Body;
  /** The tensors from outside that stand for `body.captured`. */
  readonly captured: readonly Tensor[];
  /** What stands in the body for a tensor of the open one; undefined for what does not change from iteration to iteration. */
  readonly closed: (t: Tensor) => Tensor | undefined;
}

/** All that `roots` depend on and that is not older than `since`, inputs before users; what `stop` holds ends the walk. */
function younger(roots: readonly Tensor[], since: number, stop: (t: Tensor) => boolean): Tensor[] {
  const found = new Set<Tensor>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.id < since || found.has(node) || stop(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** Makes the graph of `roots` anew on top of the tensors in `known`, to which it adds each node that is another one then. */
export function copyGraph(roots: readonly Tensor[], known: Map<Tensor, Tensor>, since = 0): void {
  for (const node of younger(roots, since, (t) => known.has(t))) {
    const inputs = node.inputs.map((t) => known.get(t) ?? t);
    if (inputs.every((t, i) => t === node.inputs[i])) continue;
    known.set(
      node,
      atPath(node.scope, () => makeTensor(node.op, inputs, node.attrs)),
    );
  }
}

/** Gives the body inputs for all that it reads from outside. What does not depend on the iteration stays there. */
export function closeBody(open: OpenBody): ClosedBody {
  const results = [
    ...open.carries.map((c) => c.next),
    ...open.values,
    ...(open.more ? [open.more] : []),
  ];
  const own = new Set([...open.carries.map((c) => c.input), ...open.items]);
  const varying = varyingNodes(results, own, open.since);
  const known = new Map<Tensor, Tensor>();
  const capture = (t: Tensor) => {
    if (!varying.has(t) && !known.has(t)) known.set(t, isConstant(t) ? t : loopInput(t));
  };
  for (const t of results) capture(t);
  for (const node of varying) if (!own.has(node)) for (const t of node.inputs) capture(t);
  const captured = [...known].filter(([t, input]) => t !== input);
  copyGraph(results, known, open.since);
  const inside = (t: Tensor) => known.get(t) ?? t;
  const body = {
    carries: open.carries.map(({ input, next }) => ({ input, next: inside(next) })),
    items: open.items,
    captured: captured.map(([, input]) => input),
    values: open.values.map(inside),
    more: open.more && inside(open.more),
  };
  const closed = (t: Tensor) => (varying.has(t) || own.has(t) ? inside(t) : undefined);
  return { body, captured: captured.map(([t]) => t), closed };
}

/** Tensors that `roots` and their younger inputs read or are and that `outside` holds. */
export function borders(
  roots: readonly Tensor[],
  since: number,
  outside: (t: Tensor) => boolean,
): Set<Tensor> {
  const nodes = younger(roots, since, outside);
  return new Set([...roots, ...nodes.flatMap((n) => n.inputs)].filter(outside));
}

/** Nodes that are others in each iteration: those that depend on inputs of the loop, and random numbers. */
export function varyingNodes(roots: readonly Tensor[], own: ReadonlySet<Tensor>, since: number) {
  const varying = new Set<Tensor>();
  for (const node of younger(roots, since, () => false)) {
    if (node.op.effect)
      throw new OptionError(`scan: ${node.op.name} changes a variable, which a loop's body cannot`);
    const inside = own.has(node) || node.op.source === 'loop' || node.op.random;
    if (inside || node.inputs.some((t) => varying.has(t))) varying.add(node);
  }
  return varying;
}

function isConstant(t: Tensor): boolean {
  return t.op.source === 'constant' && t.shape.length === 0;
}
