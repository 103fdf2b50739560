/** Pointer that a kernel writes; where the signature has a `unit`, only this thread's share of it. */
export type Out = usize;
/** Pointer that a kernel reads; where the signature has a `unit`, only this thread's share of it. */
export type In = usize;
/** Pointer that a kernel reads and writes; where there is a `unit`, only this thread's share of it. */
export type InOut = usize;
/** Pointer that any thread may read anywhere. */
export type InAll = usize;
/** Pointer that threads write in places other than their share. */
export type OutAll = usize;
/** Pointer to a number that threads set to NaN: which of them is the same, so that they need not meet between. */
export type Flag = usize;
/** Pointer to the row of the step table that belongs to the running step; see `step.ts`. */
export type Step = usize;

/**
 * First of the `n` items that belong to thread `tid`: whole units of `unit` items, spread evenly,
 * the first threads getting what does not divide: a single unit is thread 0's, as is all work that is not shared.
 * The end of a share is the start of the next: `shareStart(n, unit, tid + 1, threads)`.
 */
export function shareStart(n: i32, unit: i32, tid: i32, threads: i32): i32 {
  if (threads == 1) return tid == 0 ? 0 : n;
  return divided(n, unit, tid, threads);
}

function divided(n: i32, unit: i32, tid: i32, threads: i32): i32 {
  const units = (n + unit - 1) / unit;
  return min<i32>(n, <i32>((<i64>units * tid + threads - 1) / threads) * unit);
}
