import { shareStart } from './share';
import { LANES, loadPart, storePart } from './simd';

/** y[i] = op(x[i]) for this thread's share. `Op` is only ever a type argument: `changetype<Op>(0).apply(x)` inlines. */
export function map<Op extends Unary>(
  y: usize,
  x: usize,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  const count = shareStart(n, unit, tid + 1, threads) - first;
  mapSpan<Op>(y + <usize>first * sizeof<real>(), x + <usize>first * sizeof<real>(), count);
}

function mapSpan<Op extends Unary>(y: usize, x: usize, count: i32): void {
  const end = y + <usize>(count & -LANES) * sizeof<real>();
  for (; y < end; y += 16, x += 16) v128.store(y, changetype<Op>(0).apply(v128.load(x)));
  const rest = count & (LANES - 1);
  if (rest > 0) storePart(y, changetype<Op>(0).apply(loadPart(x, rest, 0)), rest);
}

export abstract class Unary {
  abstract apply(x: v128): v128;
}
