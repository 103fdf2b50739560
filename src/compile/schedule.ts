import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';

/** Numbers that a node which waits may read: they stay in memory until then. */
const SMALL = 4096;

/**
 * Nodes that `roots` need, inputs before users; changes of state and what depends on them last, and just before them numbers
 * that nothing else waits for, such as the loss: gradients go on meanwhile. `nodes`: all of them, inputs before users.
 */
export function schedule(
  roots: readonly Tensor[],
  nodes: readonly Tensor[] = reachable(roots),
): Tensor[] {
  const late = new Set<Tensor>();
  for (const node of nodes)
    if (node.op.effect || node.inputs.some((i) => late.has(i))) late.add(node);
  const waits = waiting(nodes, late, new Set(roots));
  const soon = nodes.filter((n) => !late.has(n));
  return [...soon.filter((n) => !waits.has(n)), ...soon.filter((n) => waits.has(n)), ...late];
}

/** Single numbers, computed from few, whose users are all late or wait themselves. */
function waiting(
  nodes: readonly Tensor[],
  late: ReadonlySet<Tensor>,
  roots: ReadonlySet<Tensor>,
): Set<Tensor> {
  const waits = new Set<Tensor>();
  const needed = new Set<Tensor>(roots);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Tensor;
    const few = node.inputs.reduce((sum, t) => sum + sizeOf(t.shape), 0) <= SMALL;
    const waiter = late.has(node) || (few && sizeOf(node.shape) === 1 && !needed.has(node));
    if (!waiter) for (const input of node.inputs) needed.add(input);
    else if (!late.has(node) && !node.op.source) waits.add(node);
  }
  return waits;
}
