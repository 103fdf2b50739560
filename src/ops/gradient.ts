import { atPath } from '../graph/scope.ts';
import { formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import { type Grads, isTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import { ShapeError, shown, TypeMismatchError, WasmgradError } from '../runtime/errors.ts';
import { atOnce, type Work } from '../runtime/turns.ts';
import { reshape } from './layout.ts';
import { scalar } from './leaf.ts';
import { expand, sumTo } from './sum.ts';
import { addAll } from './unary.ts';

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
  const seed = y.shape.length ? expand(scalar(1), y.shape) : scalar(1);
  const found = yield* pullingBack(new Map([[y, [seed]]]), of);
  return of.map((x, i) => found[i] ?? expand(scalar(0), x.shape));
}

/**
 * Gradients of the values in `seeds`, each times those given for it, with respect to each x in `of`; undefined where none of
 * them depends on x.
 */
export function* pullingBack(
  seeds: ReadonlyMap<Tensor, readonly Tensor[]>,
  of: readonly Source[],
): Work<(Tensor | undefined)[]> {
  const nodes = reachable([...seeds.keys()]);
  const walk = new Walk(nodes, of);
  for (const [node, given] of seeds) for (const dy of given) walk.add(node, dy);
  for (const node of nodes.reverse()) {
    yield;
    walk.pullBack(node);
  }
  return of.map((x) => walk.gradient(x));
}

/** One walk from results back to sources. */
class Walk {
  /** What depends on a source. */
  readonly #between = new Set<Tensor>();
  readonly #gradients = new Map<Source, Tensor[]>();
  /** Of nodes with several results: the gradients of these. */
  readonly #parts = new Map<Tensor, Map<Tensor, Tensor>>();

  constructor(nodes: readonly Tensor[], of: readonly Source[]) {
    const wanted = new Set<Source>(of);
    for (const node of nodes) {
      const between = node.inputs.some((i) => this.#between.has(i));
      if (wanted.has(sourceOf(node)) || between) this.#between.add(node);
    }
  }

  add(node: Tensor, dy: Tensor): void {
    if (!this.#between.has(node)) return;
    const source = sourceOf(node);
    const list = this.#gradients.get(source) ?? [];
    list.push(dy);
    this.#gradients.set(source, list);
  }

  gradient(source: Source): Tensor | undefined {
    const list = this.#gradients.get(source);
    if (!list) return undefined;
    const sum = list.length > 1 ? addAll(list) : (list[0] as Tensor);
    this.#gradients.set(source, [sum]);
    return sum;
  }

  /** Sends the gradient of `node` on to those of its inputs that matter. */
  pullBack(node: Tensor): void {
    if (!this.#between.has(node) || node.inputs.length === 0) return;
    const parts = this.#parts.get(node);
    const dy = this.gradient(node);
    if (parts) this.#send(node, () => node.op.gradParts?.(parts, node));
    else if (!dy || node.op.flat) return;
    else if (node.op.part) this.#addPart(node, dy);
    else this.#send(node, () => node.op.grad?.(dy, node));
  }

  #addPart(node: Tensor, dy: Tensor): void {
    const whole = node.inputs[0] as Tensor;
    const parts = this.#parts.get(whole) ?? new Map<Tensor, Tensor>();
    this.#parts.set(whole, parts.set(node, dy));
  }

  #send(node: Tensor, rule: () => Grads | undefined): void {
    const grads = atPath(node.scope, rule);
    if (!grads) {
      const { name } = node.op;
      throw new WasmgradError(`${name} has no gradient: use stopGradient where none shall flow`);
    }
    node.inputs.forEach((input, i) => {
      const dx = grads[i];
      if (!dx || !this.#between.has(input)) return;
      this.add(
        input,
        atPath(node.scope, () => undoBroadcast(dx, input, node)),
      );
    });
  }
}

function undoBroadcast(dx: Tensor, input: Tensor, node: Tensor): Tensor {
  if (sameShape(dx.shape, input.shape)) return dx;
  const fits =
    sizeOf(dx.shape) === sizeOf(input.shape) ? reshape(dx, input.shape) : sumTo(dx, input.shape);
  if (!sameShape(fits.shape, input.shape)) {
    throw new WasmgradError(
      `${node.op.name}: gradient ${formatShape(dx.shape)} of an input ${formatShape(input.shape)}`,
    );
  }
  return fits;
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
