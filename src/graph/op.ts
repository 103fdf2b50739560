import { makeTensor, type OpInfo, type Tensor } from './tensor.ts';

/** An op: the function that users call, and all its rules. */
export type Op<Args extends unknown[], A> = ((...args: Args) => Tensor) & OpInfo<A>;

/**
 * Defines an op. `args` turns what users pass into inputs and attributes. The value is both the
 * function users call and the entry of the registry (the namespace of `src/ops/index.ts`).
 */
export function defineOp<Args extends unknown[], A>(
  info: OpInfo<A> & { args: (...args: Args) => readonly [readonly Tensor[], A] },
): Op<Args, A> {
  const { args, ...rules } = info;
  const op = ((...given: Args) => makeTensor(op, ...args(...given))) as Op<Args, A>;
  for (const [key, value] of Object.entries(rules)) {
    Object.defineProperty(op, key, { value, enumerable: true });
  }
  return op;
}
