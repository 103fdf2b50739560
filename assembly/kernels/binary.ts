import { Binary, Ternary, zip, zip3, zipBroadcast, zipLines } from '../map';
import { pow as power } from '../math';
import { In, InAll, Out } from '../share';
import { splat } from '../simd';

class Add extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.add<real>(a, b);
  }
}
class Sub extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.sub<real>(a, b);
  }
}
class Mul extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.mul<real>(a, b);
  }
}
class Div extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.div<real>(a, b);
  }
}
class Pow extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return power(a, b);
  }
}
class Maximum extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.max<real>(a, b);
  }
}
class Minimum extends Binary {
  @inline apply(a: v128, b: v128): v128 {
    return v128.min<real>(a, b);
  }
}
class Select extends Ternary {
  @inline apply(condition: v128, a: v128, b: v128): v128 {
    return v128.bitselect(b, a, v128.eq<real>(condition, splat(0)));
  }
}

/** z = a + b */
export function add(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zipLines<Add>(z, a, b, n, unit, tid, threads);
}

/** z = a − b */
export function sub(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Sub>(z, a, b, n, unit, tid, threads);
}

/** z = a·b */
export function mul(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zipLines<Mul>(z, a, b, n, unit, tid, threads);
}

/** z = a / b */
export function div(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Div>(z, a, b, n, unit, tid, threads);
}

/** z = a^b */
export function pow(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Pow>(z, a, b, n, unit, tid, threads);
}

/** z = max(a, b); NaN if either is */
export function maximum(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Maximum>(z, a, b, n, unit, tid, threads);
}

/** z = min(a, b); NaN if either is */
export function minimum(z: Out, a: In, b: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<Minimum>(z, a, b, n, unit, tid, threads);
}

/** z = a + b, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function addBroadcast(
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
  zipBroadcast<Add>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = a − b, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function subBroadcast(
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
  zipBroadcast<Sub>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = a·b, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function mulBroadcast(
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
  zipBroadcast<Mul>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = a / b, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function divBroadcast(
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
  zipBroadcast<Div>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = a^b, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function powBroadcast(
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
  zipBroadcast<Pow>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = max(a, b); NaN if either is, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function maximumBroadcast(
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
  zipBroadcast<Maximum>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = min(a, b); NaN if either is, with b[r·bRow + c·bCol] for a[r, c]: (0, 0) a scalar, (0, 1) a row, (1, 0) a column */
export function minimumBroadcast(
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
  zipBroadcast<Minimum>(z, a, b, rows, unit, cols, bRow, bCol, tid, threads);
}

/** z = condition ≠ 0 ? a : b */
export function select(
  z: Out,
  condition: In,
  a: In,
  b: In,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  zip3<Select>(z, condition, a, b, n, unit, tid, threads);
}
