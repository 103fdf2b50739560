import { atPath } from '../graph/scope.ts';
import { formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import { isTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import { reshape } from '../ops/layout.ts';
import { scalar } from '../ops/leaf.ts';
import { expand, sumTo } from '../ops/sum.ts';
import { addAll } from '../ops/unary.ts';
import { ShapeError, shown, TypeMismatchError, WasmgradError } from '../runtime/errors.ts';
import { atOnce, type Work } from '../runtime/turns.ts';
import { reachable } from './schedule.ts';

type Source = Tensor | Variable;

/** All reads of one variable are the same source. */
function sourceOf(node: Tensor): Source {
  return node.op.source === 'variable' ? (node.attrs.variable as Variable) : node;
}

/**
 * Reverse-mode derivatives dy/dx of a scalar y for each x in `of` (tensors or variables), as nodes of the same graph.
 * Walks backwards once through what lies between; what y does not depend on has gradient zero.
 */
export function gradients(y: Tensor, of: readonly Source[]): Tensor[] {
  return atOnce(differentiating(y, of));
}

/** The same in pieces. */
export function* differentiating(y: Tensor, of: readonly Source[]): Work<Tensor[]> {
  if (!isTensor(y)) throw new TypeMismatchError(`grad: got ${shown(y)}, expected a tensor`);
  if (sizeOf(y.shape) !== 1) {
    throw new ShapeError(
      `gradients are of a scalar, got ${formatShape(y.shape)}: sum or average it first`,
    );
  }
  const nodes = reachable([y]);
  const wanted = new Set<Source>(of);
  const between = new Set<Tensor>();
  for (const node of nodes) {
    if (wanted.has(sourceOf(node)) || node.inputs.some((i) => between.has(i))) between.add(node);
  }
  const parts = new Map<Source, Tensor[]>();
  if (between.has(y))
    parts.set(sourceOf(y), [y.shape.length ? expand(scalar(1), y.shape) : scalar(1)]);
  for (const node of nodes.reverse()) {
    yield;
    if (between.has(node) && node.inputs.length) pullBack(node, between, parts);
  }
  return of.map((x) => total(parts.get(x)) ?? expand(scalar(0), x.shape));
}

/** Sends the gradient of `node` on to those of its inputs that matter. */
function pullBack(node: Tensor, between: ReadonlySet<Tensor>, parts: Map<Source, Tensor[]>): void {
  const dy = total(parts.get(node));
  const { grad, flat, name } = node.op;
  if (!dy || flat) return;
  if (!grad)
    throw new WasmgradError(`${name} has no gradient: use stopGradient where none shall flow`);
  parts.set(node, [dy]);
  const grads = atPath(node.scope, () => grad(dy, node));
  node.inputs.forEach((input, i) => {
    const dx = grads[i];
    if (!dx || !between.has(input)) return;
    const source = sourceOf(input);
    const list = parts.get(source) ?? [];
    list.push(atPath(node.scope, () => undoBroadcast(dx, input, node)));
    parts.set(source, list);
  });
}

function undoBroadcast(dx: Tensor, input: Tensor, node: Tensor): Tensor {
  const fits =
    sizeOf(dx.shape) === sizeOf(input.shape) ? reshape(dx, input.shape) : sumTo(dx, input.shape);
  if (!sameShape(fits.shape, input.shape)) {
    throw new WasmgradError(
      `${node.op.name}: gradient ${formatShape(dx.shape)} of an input ${formatShape(input.shape)}`,
    );
  }
  return fits;
}

function total(parts: readonly Tensor[] | undefined): Tensor | undefined {
  return parts && (parts.length > 1 ? addAll(parts) : parts[0]);
}

/** x ↦ df/dx of a function from tensors to a scalar tensor, for its first argument. */
export function grad(f: (...x: Tensor[]) => Tensor): (...x: Tensor[]) => Tensor {
  return (...x) => gradients(f(...x), [x[0] as Tensor])[0] as Tensor;
}

/** x ↦ [f(x), [df/dx for each argument]]. */
export function valueAndGrad(
  f: (...x: Tensor[]) => Tensor,
): (...x: Tensor[]) => [Tensor, Tensor[]] {
  return (...x) => {
    const y = f(...x);
    return [y, gradients(y, x)];
  };
}
