import { NR } from './layout';
import { Left, rowOf } from './left';
import { madd } from './simd';

/*
 * The tile of the `turbo` build, 6 × 16, in the form that V8's re-vectoriser joins to 256 bits: of
 * each pair of neighbouring vectors, loads, sums and stores stand in one block, and loads of C stand
 * before stores. `bench/NOTES.md` tells how to see whether it did.
 */
const B_STEP: usize = <usize>NR * sizeof<real>();

/** As multiplyPanels, for all NR columns; without a bias, address 0 is read. */
export function wideTile<L extends Left>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  rows: i32,
  accumulate: bool,
): void {
  if (rows <= 4) tile<L, Four>(c, a, aRow, aStep, b, bias, steps, ldc, rows, accumulate);
  else tile<L, Six>(c, a, aRow, aStep, b, bias, steps, ldc, rows, accumulate);
}

abstract class Height {
  abstract six(): bool;
}
class Four extends Height {
  @inline six(): bool {
    return false;
  }
}
class Six extends Height {
  @inline six(): bool {
    return true;
  }
}

function tile<L extends Left, H extends Height>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  rows: i32,
  accumulate: bool,
): void {
  const six = changetype<H>(0).six();
  const near = changetype<L>(0).near();
  let a1 = near ? a : rowOf(a, aRow, 1, rows);
  let a2 = near ? a : rowOf(a, aRow, 2, rows);
  let a3 = near ? a : rowOf(a, aRow, 3, rows);
  let a4 = near ? a : rowOf(a, aRow, 4, rows);
  let a5 = near ? a : rowOf(a, aRow, 5, rows);
  let c00 = v128.load(bias);
  let c01 = v128.load(bias, 16);
  let c02 = v128.load(bias, 32);
  let c03 = v128.load(bias, 48);
  let c10 = c00;
  let c11 = c01;
  let c12 = c02;
  let c13 = c03;
  let c20 = c00;
  let c21 = c01;
  let c22 = c02;
  let c23 = c03;
  let c30 = c00;
  let c31 = c01;
  let c32 = c02;
  let c33 = c03;
  let c40 = c00;
  let c41 = c01;
  let c42 = c02;
  let c43 = c03;
  let c50 = c00;
  let c51 = c01;
  let c52 = c02;
  let c53 = c03;
  for (const end = a + <usize>steps * aStep; a < end; a += aStep, b += B_STEP) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    let x = v128.load_splat<real>(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    x = near ? v128.load_splat<real>(a, sizeof<real>()) : v128.load_splat<real>(a1);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    x = near ? v128.load_splat<real>(a, 2 * sizeof<real>()) : v128.load_splat<real>(a2);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    c23 = madd(x, b3, c23);
    x = near ? v128.load_splat<real>(a, 3 * sizeof<real>()) : v128.load_splat<real>(a3);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = madd(x, b2, c32);
    c33 = madd(x, b3, c33);
    if (six) {
      x = near ? v128.load_splat<real>(a, 4 * sizeof<real>()) : v128.load_splat<real>(a4);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      c42 = madd(x, b2, c42);
      c43 = madd(x, b3, c43);
      x = near ? v128.load_splat<real>(a, 5 * sizeof<real>()) : v128.load_splat<real>(a5);
      c50 = madd(x, b0, c50);
      c51 = madd(x, b1, c51);
      c52 = madd(x, b2, c52);
      c53 = madd(x, b3, c53);
    }
    if (!near) {
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
      if (six) {
        a4 += aStep;
        a5 += aStep;
      }
    }
  }
  storeRow(c, c00, c01, c02, c03, accumulate);
  if (rows > 1) storeRow(c + ldc, c10, c11, c12, c13, accumulate);
  if (rows > 2) storeRow(c + 2 * ldc, c20, c21, c22, c23, accumulate);
  if (rows > 3) storeRow(c + 3 * ldc, c30, c31, c32, c33, accumulate);
  if (!six) return;
  if (rows > 4) storeRow(c + 4 * ldc, c40, c41, c42, c43, accumulate);
  if (rows > 5) storeRow(c + 5 * ldc, c50, c51, c52, c53, accumulate);
}

function storeRow(c: usize, v0: v128, v1: v128, v2: v128, v3: v128, accumulate: bool): void {
  if (accumulate) {
    v0 = v128.add<real>(v0, v128.load(c));
    v1 = v128.add<real>(v1, v128.load(c, 16));
    v2 = v128.add<real>(v2, v128.load(c, 32));
    v3 = v128.add<real>(v3, v128.load(c, 48));
  }
  v128.store(c, v0);
  v128.store(c, v1, 16);
  v128.store(c, v2, 32);
  v128.store(c, v3, 48);
}
