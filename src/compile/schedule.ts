import type { Tensor } from '../graph/tensor.ts';

/**
 * Nodes that `roots` need, inputs before users; changes of state and what depends on them last. Ids grow with creation, so
 * sorting is enough.
 */
export function schedule(roots: readonly Tensor[]): Tensor[] {
  const nodes = reachable(roots);
  const late = new Set<Tensor>();
  for (const node of nodes)
    if (node.op.effect || node.inputs.some((i) => late.has(i))) late.add(node);
  return [...nodes.filter((n) => !late.has(n)), ...late];
}

/** Everything that `roots` depend on, and they, in the order of creation. Without recursion: graphs may be deep. */
export function reachable(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>(roots);
  const open = [...seen];
  for (let node = open.pop(); node; node = open.pop()) {
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      open.push(input);
    }
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
