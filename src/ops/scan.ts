import { formatShape, sameShape } from '../graph/shape.ts';
import { isTensor, nextNode, type Tensor } from '../graph/tensor.ts';
import {
  checkOptions,
  OptionError,
  ShapeError,
  shown,
  TypeMismatchError,
} from '../runtime/errors.ts';
import { affine } from './binary.ts';
import { loopInput } from './body.ts';
import { scalar } from './leaf.ts';
import { Loop } from './loop.ts';

/** A tensor, or tensors in lists and records. */
export type Tree = Tensor | undefined | readonly Tree[] | { readonly [name: string]: Tree };

export interface ScanOptions<C extends Tree, X extends Tree> {
  /** What the first iteration is given. */
  readonly carry: C;
  /** What the loop walks through: tensors with the same first axis. */
  readonly xs?: X;
  /** Iterations; by default as many as `xs` has rows. A tensor (i32, no axes) is read once before the loop: then `bound` is needed. */
  readonly length?: number | Tensor;
  /** The most iterations where `length` is a tensor; stacked results have room for so many. */
  readonly bound?: number;
  /** From the last row to the first, default false. Results are stacked in the order of the rows all the same. */
  readonly reverse?: boolean;
  /** The backward pass computes the body again instead of keeping what it needs: less memory, more time. Default false. */
  readonly remat?: boolean;
}

const OPTIONS = ['carry', 'xs', 'length', 'bound', 'reverse', 'remat'];

/**
 * What an iteration gives: the next carry, what is stacked, and, where the loop may end early, a number that is 0 behind the
 * last iteration.
 */
export type Iteration<C extends Tree, Y extends Tree> = readonly [carry: C, y?: Y, more?: Tensor];

/**
 * A loop over the rows of `xs`: [carry, y] = body(carry, x) for each row x; returns the last carry and all y stacked along a new
 * first axis. The body is a plain function of tensors. It is traced once, so the program does not grow with the number of
 * iterations; tensors from outside may be used in it. Its carry keeps shape and type. Random ops give other numbers in each
 * iteration.
 *
 * Gradients go through it, unless the number of iterations is data: then (`length` is a tensor, or the body says when to end)
 * the third result is the number of iterations that ran, and rows of stacked results behind it are undefined.
 *
 * @example
 * // h ← tanh(x·w + h·u) over x [T, B, K]: last state [B, H] and all states [T, B, H]
 * const [last, states] = scan((h, x) => {
 *   const next = tanh(add(matMul(x, w), matMul(h, u)));
 *   return [next, next];
 * }, { carry: h0, xs: x });
 */
export function scan<C extends Tree, X extends Tree = undefined, Y extends Tree = undefined>(
  body: (carry: C, x: X) => Iteration<C, Y>,
  options: ScanOptions<C, X>,
): [carry: C, ys: Y, count: Tensor | undefined] {
  checkOptions('scan', options, OPTIONS);
  const { carry, xs, reverse = false, remat = false } = options;
  const starts = leaves(carry, 'carry');
  const rows = leaves(xs, 'xs');
  const { length, count } = lengthOf(options, rows);
  const since = nextNode();
  const carries = starts.map((start) => ({ start, input: loopInput(start) }));
  const items = rows.map((of) => ({ of, input: row(of) }));
  const given = [carries, items].map((all) => all.map((t) => t.input)) as [Tensor[], Tensor[]];
  const result = body(filled(carry, given[0]) as C, filled(xs, given[1]) as X);
  if (!Array.isArray(result))
    throw new TypeMismatchError(`scan: the body returns ${shown(result)}, expected [carry, y]`);
  const [next, y, more] = result as Iteration<C, Y>;
  const nexts = checkCarry(starts, leaves(next, 'the carry that the body returns'));
  const values = leaves(y, 'what the body returns');
  const counter = more || count ? [countIterations()] : [];
  const all = [...carries.map((c, k) => ({ ...c, next: nexts[k] as Tensor })), ...counter];
  const loop = new Loop({
    carries: all,
    items,
    values,
    more,
    count,
    length,
    reverse,
    remat,
    since,
  });
  const last = starts.map((_, k) => loop.last(k));
  const stacks = values.map((value) => loop.stack(value));
  const ran = counter.length ? loop.last(starts.length) : undefined;
  return [filled(carry, last) as C, filled(y, stacks) as Y, ran];
}

/** One row of what the loop walks through. */
function row({ shape, dtype }: Tensor): Tensor {
  return loopInput({ shape: shape.slice(1), dtype });
}

/** The tensors of a tree in a fixed order. */
function leaves(tree: Tree, what: string): Tensor[] {
  if (tree === undefined) return [];
  if (isTensor(tree)) return [tree];
  if (typeof tree !== 'object' || tree === null)
    throw new TypeMismatchError(`scan: ${what} is ${shown(tree)}, expected tensors`);
  return Object.values(tree).flatMap((part: Tree) => leaves(part, what));
}

/** A tree of the same form with other tensors. */
function filled(tree: Tree, tensors: readonly Tensor[]): Tree {
  const left = [...tensors];
  const fill = (part: Tree): Tree => {
    if (part === undefined) return undefined;
    if (isTensor(part)) return left.shift();
    if (Array.isArray(part)) return part.map(fill);
    return Object.fromEntries(Object.entries(part).map(([name, t]) => [name, fill(t as Tree)]));
  };
  return fill(tree);
}

function lengthOf(
  { length, bound }: Pick<ScanOptions<Tree, Tree>, 'length' | 'bound'>,
  xs: readonly Tensor[],
): { length: number; count?: Tensor } {
  const rows = xs.map((t) => {
    if (t.shape.length > 0) return t.shape[0] as number;
    throw new ShapeError('scan: xs without axes have no rows to walk through');
  });
  const count = isTensor(length) ? length : undefined;
  const given = count ? bound : (length as number | undefined);
  const name = count ? 'bound' : 'length';
  const found = given ?? rows[0];
  if (found === undefined)
    throw new OptionError(`scan: without xs it needs ${name}, the number of iterations`);
  if (!Number.isSafeInteger(found) || found < 0)
    throw new OptionError(
      `scan: ${name} is ${shown(found)}, expected a whole number of at least 0`,
    );
  if (rows.some((n) => n !== found))
    throw new ShapeError(
      `scan: xs have ${rows} rows${given === undefined ? '' : `, ${name} is ${given}`}`,
    );
  if (!count) return { length: found };
  if (count.dtype !== 'i32' || count.shape.length > 0)
    throw new TypeMismatchError(
      `scan: length is ${count.dtype} ${formatShape(count.shape)}, expected i32 []`,
    );
  return { length: found, count };
}

function checkCarry(starts: readonly Tensor[], nexts: readonly Tensor[]): readonly Tensor[] {
  if (starts.length !== nexts.length)
    throw new OptionError(
      `scan: the carry has ${starts.length} tensors, the body returns ${nexts.length}`,
    );
  starts.forEach((start, k) => {
    const next = nexts[k] as Tensor;
    if (start.dtype !== 'real' && start.dtype !== 'i32')
      throw new TypeMismatchError(`scan: carry ${k} is ${start.dtype}, expected real or i32`);
    if (sameShape(start.shape, next.shape) && start.dtype === next.dtype) return;
    const [was, is] = [start, next].map((t) => `${t.dtype} ${formatShape(t.shape)}`);
    throw new ShapeError(`scan: carry ${k} is ${was}, the body makes it ${is}`);
  });
  return nexts;
}

/** A carry that counts. */
function countIterations() {
  const input = loopInput({ shape: [], dtype: 'real' });
  return { start: scalar(0), input, next: affine(input, 1, 1) };
}
