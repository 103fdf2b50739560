import { Binary, zip, zipBroadcast } from '../map';
import { In, InAll, Out, shareStart } from '../share';
import { splat } from '../simd';

class Equal extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.and(v128.eq<real>(a, b), splat(1));
  }
}
class NotEqual extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.and(v128.ne<real>(a, b), splat(1));
  }
}
class Less extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.and(v128.lt<real>(a, b), splat(1));
  }
}
class LessEqual extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.and(v128.le<real>(a, b), splat(1));
  }
}
class Greater extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.and(v128.gt<real>(a, b), splat(1));
  }
}
class GreaterEqual extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.and(v128.ge<real>(a, b), splat(1));
  }
}

/** z = 1 where a = b, else 0 */
export function equal(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Equal>(z, a, b, n, unit, tid, threads);
}

/** z = 1 where a ≠ b, else 0 */
export function notEqual(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<NotEqual>(z, a, b, n, unit, tid, threads);
}

/** z = 1 where a < b, else 0 */
export function less(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Less>(z, a, b, n, unit, tid, threads);
}

/** z = 1 where a ≤ b, else 0 */
export function lessEqual(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<LessEqual>(z, a, b, n, unit, tid, threads);
}

/** z = 1 where a > b, else 0 */
export function greater(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Greater>(z, a, b, n, unit, tid, threads);
}

/** z = 1 where a ≥ b, else 0 */
export function greaterEqual(
  z: Out,
  a: In,
  b: In,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  zip<GreaterEqual>(z, a, b, n, unit, tid, threads);
}

/** z = 1 where a = b, else 0, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function equalBroadcast(
  z: Out,
  a: In,
  b: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  zipBroadcast<Equal>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = 1 where a ≠ b, else 0, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function notEqualBroadcast(
  z: Out,
  a: In,
  b: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  zipBroadcast<NotEqual>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = 1 where a < b, else 0, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function lessBroadcast(
  z: Out,
  a: In,
  b: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  zipBroadcast<Less>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = 1 where a ≤ b, else 0, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function lessEqualBroadcast(
  z: Out,
  a: In,
  b: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  zipBroadcast<LessEqual>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = 1 where a > b, else 0, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function greaterBroadcast(
  z: Out,
  a: In,
  b: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  zipBroadcast<Greater>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = 1 where a ≥ b, else 0, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function greaterEqualBroadcast(
  z: Out,
  a: In,
  b: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  zipBroadcast<GreaterEqual>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = 1 where the i32 a = b, else 0 */
export function equalI32(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  const end = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    store<real>(z + <usize>i * sizeof<real>(), <real>(load<i32>(a + at) == load<i32>(b + at)));
  }
}
