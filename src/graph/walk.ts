import { atPath } from './scope.ts';
import { makeTensor, type Tensor } from './tensor.ts';

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

/** What stands for a node in the new graph, its inputs being those given; null: the same op. */
export type Replace = (node: Tensor, inputs: readonly Tensor[]) => Tensor | null;

/** The graph of `root` with some nodes replaced: what depends on them is made anew, everything else is shared. */
export function rebuild(root: Tensor, replace: Replace): Tensor {
  const made = new Map<Tensor, Tensor>();
  for (const node of reachable([root])) {
    const inputs = node.inputs.map((t) => made.get(t) as Tensor);
    const same = inputs.every((t, i) => t === node.inputs[i]);
    const again = () =>
      replace(node, inputs) ?? (same ? node : makeTensor(node.op, inputs, node.attrs));
    made.set(node, atPath(node.scope, again));
  }
  return made.get(root) as Tensor;
}
