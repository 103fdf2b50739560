import { MR, NR } from './layout';
import { Left, rowOf } from './left';
import { Double, Full, Narrow, Part, Short } from './part';
import { LANES, loadUpTo, madd, storeUpTo } from './simd';
import { wideTile } from './wide';

const B_STEP: usize = <usize>NR * sizeof<real>();

/**
 * C[rows, cols] = bias + Σ_k a_k[rows] ⊗ b[k][NR] (+ C when `accumulate`) over `steps` steps of MR rows of A, `aRow` bytes
 * from row to row and `aStep` from k to k, and of a panel of B; `ldc` is in bytes. Sums are formed in the same order
 * whatever part of a tile is computed.
 */
export function multiplyPanels<L extends Left>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  rows: i32,
  cols: i32,
  accumulate: bool,
): void {
  if (WIDE) {
    if (cols == NR) wideTile<L>(c, a, aRow, aStep, b, bias, steps, ldc, rows, accumulate);
    else multiplyStrips<L>(c, a, aRow, aStep, b, bias, steps, ldc, rows, cols, accumulate);
  } else if (cols <= LANES)
    tile<L, Narrow>(c, a, aRow, aStep, 0, b, bias, steps, ldc, rows, cols, accumulate);
  else if (MR > 4 && rows <= 4)
    tile<L, Short>(c, a, aRow, aStep, 0, b, bias, steps, ldc, rows, cols, accumulate);
  else tile<L, Full>(c, a, aRow, aStep, 0, b, bias, steps, ldc, rows, cols, accumulate);
}

/** Part of a wide tile, one vector of columns after the other: pairs would be joined at a loss. */
function multiplyStrips<L extends Left>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  rows: i32,
  cols: i32,
  accumulate: bool,
): void {
  for (; cols > 0; cols -= LANES, c += 16, b += 16) {
    tile<L, Narrow>(c, a, aRow, aStep, 0, b, bias, steps, ldc, rows, min(LANES, cols), accumulate);
    if (bias != 0) bias += 16;
  }
}

/** As multiplyPanels for at most LANES columns and 2·MR rows: the second MR start `down` bytes behind the first in A. */
export function multiplyTwoPanels<L extends Left>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  down: usize,
  b: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  cols: i32,
  accumulate: bool,
): void {
  tile<L, Double>(c, a, aRow, aStep, down, b, bias, steps, ldc, MR, cols, accumulate);
}

/** Not unrolled over k: more than one step in flight would spill the sums. */
function tile<L extends Left, P extends Part>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  down: usize,
  b: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  rows: i32,
  cols: i32,
  accumulate: bool,
): void {
  const tall = changetype<P>(0).rows() == 6;
  const wide = changetype<P>(0).vectors() == 2;
  const near = changetype<L>(0).near();
  const twice = changetype<P>(0).twice();
  let a1 = near ? a : rowOf(a, aRow, 1, rows);
  let a2 = near ? a : rowOf(a, aRow, 2, rows);
  let a3 = near ? a : rowOf(a, aRow, 3, rows);
  let a4 = near ? a : rowOf(a, aRow, 4, rows);
  let a5 = near ? a : rowOf(a, aRow, 5, rows);
  let c00 = v128.splat<real>(0);
  let c01 = c00;
  if (bias != 0) {
    c00 = loadUpTo(bias, cols);
    c01 = wide ? loadUpTo(bias + 16, cols - LANES) : c00;
  }
  let c10 = c00;
  let c11 = c01;
  let c20 = c00;
  let c21 = c01;
  let c30 = c00;
  let c31 = c01;
  let c40 = c00;
  let c41 = c01;
  let c50 = c00;
  let c51 = c01;
  for (const end = a + <usize>steps * aStep; a < end; a += aStep, b += B_STEP) {
    const b0 = v128.load(b);
    const b1 = wide ? v128.load(b, 16) : b0;
    const low = a + down;
    let x = v128.load_splat<real>(a);
    c00 = madd(x, b0, c00);
    if (wide) c01 = madd(x, b1, c01);
    if (twice) c01 = madd(v128.load_splat<real>(low), b0, c01);
    x = near ? v128.load_splat<real>(a, sizeof<real>()) : v128.load_splat<real>(a1);
    c10 = madd(x, b0, c10);
    if (wide) c11 = madd(x, b1, c11);
    if (twice) {
      x = near ? v128.load_splat<real>(low, sizeof<real>()) : v128.load_splat<real>(a1 + down);
      c11 = madd(x, b0, c11);
    }
    x = near ? v128.load_splat<real>(a, 2 * sizeof<real>()) : v128.load_splat<real>(a2);
    c20 = madd(x, b0, c20);
    if (wide) c21 = madd(x, b1, c21);
    if (twice) {
      x = near ? v128.load_splat<real>(low, 2 * sizeof<real>()) : v128.load_splat<real>(a2 + down);
      c21 = madd(x, b0, c21);
    }
    x = near ? v128.load_splat<real>(a, 3 * sizeof<real>()) : v128.load_splat<real>(a3);
    c30 = madd(x, b0, c30);
    if (wide) c31 = madd(x, b1, c31);
    if (twice) {
      x = near ? v128.load_splat<real>(low, 3 * sizeof<real>()) : v128.load_splat<real>(a3 + down);
      c31 = madd(x, b0, c31);
    }
    if (tall) {
      x = near ? v128.load_splat<real>(a, 4 * sizeof<real>()) : v128.load_splat<real>(a4);
      c40 = madd(x, b0, c40);
      if (wide) c41 = madd(x, b1, c41);
      if (twice) {
        x = near
          ? v128.load_splat<real>(low, 4 * sizeof<real>())
          : v128.load_splat<real>(a4 + down);
        c41 = madd(x, b0, c41);
      }
      x = near ? v128.load_splat<real>(a, 5 * sizeof<real>()) : v128.load_splat<real>(a5);
      c50 = madd(x, b0, c50);
      if (wide) c51 = madd(x, b1, c51);
      if (twice) {
        x = near
          ? v128.load_splat<real>(low, 5 * sizeof<real>())
          : v128.load_splat<real>(a5 + down);
        c51 = madd(x, b0, c51);
      }
    }
    if (!near) {
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
      if (tall) {
        a4 += aStep;
        a5 += aStep;
      }
    }
  }
  if (twice) {
    const below = c + <usize>MR * ldc;
    storeCols(c, c00, cols, accumulate);
    storeCols(c + ldc, c10, cols, accumulate);
    storeCols(c + 2 * ldc, c20, cols, accumulate);
    storeCols(c + 3 * ldc, c30, cols, accumulate);
    storeCols(below, c01, cols, accumulate);
    storeCols(below + ldc, c11, cols, accumulate);
    storeCols(below + 2 * ldc, c21, cols, accumulate);
    storeCols(below + 3 * ldc, c31, cols, accumulate);
    if (tall) {
      storeCols(c + 4 * ldc, c40, cols, accumulate);
      storeCols(c + 5 * ldc, c50, cols, accumulate);
      storeCols(below + 4 * ldc, c41, cols, accumulate);
      storeCols(below + 5 * ldc, c51, cols, accumulate);
    }
    return;
  }
  if (rows == MR && cols == NR) {
    c = storeWhole(c, c00, c01, ldc, accumulate);
    c = storeWhole(c, c10, c11, ldc, accumulate);
    c = storeWhole(c, c20, c21, ldc, accumulate);
    c = storeWhole(c, c30, c31, ldc, accumulate);
    if (tall) {
      c = storeWhole(c, c40, c41, ldc, accumulate);
      storeWhole(c, c50, c51, ldc, accumulate);
    }
    return;
  }
  storeRow(c, c00, c01, cols, accumulate);
  if (rows > 1) storeRow(c + ldc, c10, c11, cols, accumulate);
  if (rows > 2) storeRow(c + 2 * ldc, c20, c21, cols, accumulate);
  if (rows > 3) storeRow(c + 3 * ldc, c30, c31, cols, accumulate);
  if (tall && rows > 4) storeRow(c + 4 * ldc, c40, c41, cols, accumulate);
  if (tall && rows > 5) storeRow(c + 5 * ldc, c50, c51, cols, accumulate);
}

/** Returns the place of the next row. */
function storeWhole(c: usize, v0: v128, v1: v128, ldc: usize, accumulate: bool): usize {
  if (accumulate) {
    v0 = v128.add<real>(v0, v128.load(c));
    v1 = v128.add<real>(v1, v128.load(c, 16));
  }
  v128.store(c, v0);
  v128.store(c, v1, 16);
  return c + ldc;
}

function storeRow(c: usize, v0: v128, v1: v128, cols: i32, accumulate: bool): void {
  storeCols(c, v0, cols, accumulate);
  if (cols > LANES) storeCols(c + 16, v1, cols - LANES, accumulate);
}

function storeCols(c: usize, v: v128, n: i32, accumulate: bool): void {
  if (accumulate) v = v128.add<real>(v, loadUpTo(c, n));
  storeUpTo(c, v, n);
}
