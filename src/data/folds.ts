import { hash } from '../graph/scope.ts';
import { checkOptions, DataError, OptionError } from '../runtime/errors.ts';
import { Random } from './random.ts';
import type { SplitOptions } from './split.ts';

export interface Fold {
  readonly train: Int32Array;
  readonly dev: Int32Array;
}

export function* kFold(
  n: number,
  k: number,
  options: Omit<SplitOptions, 'fractions'> = {},
): Generator<Fold> {
  checkOptions('kFold', options, ['seed', 'labels', 'groups']);
  const { seed = 0, labels, groups } = options;
  if (!(Number.isSafeInteger(k) && k >= 2 && k <= n))
    throw new OptionError(`kFold: ${k} folds of ${n} examples, expected 2 to ${n}`);
  for (const [what, list] of Object.entries({ labels, groups }))
    if (list && list.length !== n)
      throw new DataError(`kFold: ${list.length} ${what} for ${n} examples`);
  const order = new Random(seed, hash('kFold')).shuffle(
    Int32Array.from({ length: n }, (_, i) => i),
  );
  const foldOf = groups ? byGroup(order, groups, k) : inTurn(order, labels, k);
  for (let fold = 0; fold < k; fold++) {
    yield {
      train: order.filter((i) => foldOf[i] !== fold),
      dev: order.filter((i) => foldOf[i] === fold),
    };
  }
}

/** Deals the examples, class by class. */
function inTurn(order: Int32Array, labels: ArrayLike<unknown> | undefined, k: number): Int32Array {
  const foldOf = new Int32Array(order.length);
  const classes = labels ? Map.groupBy(order, (i) => labels[i]).values() : [order];
  let turn = 0;
  for (const members of classes) for (const i of members) foldOf[i] = turn++ % k;
  return foldOf;
}

function byGroup(order: Int32Array, groups: ArrayLike<unknown>, k: number): Int32Array {
  const all = [...Map.groupBy(order, (i) => groups[i]).values()];
  if (all.length < k) throw new DataError(`kFold: ${all.length} groups for ${k} folds`);
  const foldOf = new Int32Array(order.length);
  const sizes = new Array<number>(k).fill(0);
  for (const members of all.sort((a, b) => b.length - a.length)) {
    const fold = sizes.indexOf(Math.min(...sizes));
    sizes[fold] = (sizes[fold] as number) + members.length;
    for (const i of members) foldOf[i] = fold;
  }
  return foldOf;
}
