import { defineOp } from '../graph/op.ts';
import {
  bytesOf,
  type Grads,
  type OpInfo,
  type Placer,
  type Tensor,
  type TensorType,
} from '../graph/tensor.ts';
import type { Pointer } from '../runtime/row.ts';

/** Attributes of an op with several results: the type of each. */
export interface Several {
  readonly results: readonly TensorType[];
}

/** Result k of a node with several. */
export const part = defineOp({
  name: 'part',
  part: true,
  args: (whole: Tensor, k: number) => [[whole], { k }],
  type: ([whole], { k }) => ((whole as Tensor).attrs as Several).results[k] as TensorType,
  emit() {},
});

type Node<A> = Tensor & { readonly attrs: A };

/**
 * Rules of an op with several results: users take them by `part`, `emit` finds their memory by `e.part(node, k)`. `grad` is given
 * the gradient of each result, null where nothing depends on it.
 */
export function several<A extends Several>(
  grad?: (dy: readonly (Tensor | null)[], node: Node<A>) => Grads,
): Pick<OpInfo<A>, 'type' | 'place' | 'gradParts'> {
  return {
    type: () => ({ shape: [0], dtype: 'real' }),
    place: placeResults,
    ...(grad ? { gradParts: (parts, node) => grad(byResult(parts, node), node) } : {}),
  };
}

/** Memory for each result, also for those that the program does not read. */
function placeResults(p: Placer, node: Node<Several>): Pointer[] {
  const { results }: Several = node.attrs;
  const places = results.map((type, k) => {
    const name = `${node.scope ? `${node.scope}/` : ''}${node.op.name} ${k}`;
    return p.memory(name, bytesOf(type, p.realBytes));
  });
  for (const t of p.parts(node))
    p.put(t, { pointer: places[t.attrs.k as number] as Pointer, panels: false });
  return places;
}

function byResult(parts: ReadonlyMap<Tensor, Tensor>, node: Node<Several>): (Tensor | null)[] {
  const found = node.attrs.results.map((): Tensor | null => null);
  for (const [t, dy] of parts) found[t.attrs.k as number] = dy;
  return found;
}
