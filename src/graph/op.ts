import { shown, TypeMismatchError } from '../runtime/errors.ts';
import { isTensor, makeTensor, type OpInfo, type Rewrite, type Tensor } from './tensor.ts';

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
  const op = ((...given: Args) => {
    const [inputs, attrs] = args(...given);
    inputs.forEach((x, i) => {
      if (!isTensor(x))
        throw new TypeMismatchError(`${rules.name}: input ${i} is ${shown(x)}, expected a tensor`);
    });
    return makeTensor(op, inputs, attrs);
  }) as Op<Args, A>;
  for (const [key, value] of Object.entries(rules)) {
    Object.defineProperty(op, key, { value, enumerable: true });
  }
  return op;
}

/** Adds a rule to an op that cannot know what it becomes, since that is defined after it. */
export function addRule(
  { rewrite }: { readonly rewrite?: OpInfo['rewrite'] },
  name: string,
  rule: Rewrite,
): void {
  (rewrite as Record<string, Rewrite>)[name] = rule;
}
