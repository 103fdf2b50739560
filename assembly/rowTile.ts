import { MR } from './layout';
import { LANES, loadUpTo, madd, storeUpTo } from './simd';

/** What is done with the sums. */
export const STORE: i32 = 0;
export const RELU: i32 = 1;
export const ACCUMULATE: i32 = 2;

/**
 * C[r, cols] = bias + Σ a_r ⊗ b over n1 · n2 · steps steps for `rows` rows that lie anywhere: `places` holds for each the
 * offsets in bytes (u32) of its first number of A and of its numbers in C. Each step moves A by
 * `aStep` and B by `bStep` bytes, the end of the inner loop A by `jump2` more, that of the middle
 * loop by `jump1` more. Sums are formed in the same order whatever part of a tile is computed.
 */
export function multiplyRows(
  places: usize,
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  n1: i32,
  n2: i32,
  steps: i32,
  jump1: isize,
  jump2: isize,
  aStep: usize,
  bStep: usize,
  rows: i32,
  cols: i32,
  finish: i32,
): void {
  const run = <usize>steps * aStep;
  if (cols <= LANES) {
    tiles<Narrow>(
      places,
      c,
      a,
      b,
      bias,
      n1,
      n2,
      run,
      jump1,
      jump2,
      aStep,
      bStep,
      rows,
      cols,
      finish,
    );
    return;
  }
  const rest = rows % MR;
  const short = MR > 4 && rest > 0 && rest <= 4 ? rest : 0;
  const tall = rows - short;
  if (tall > 0)
    tiles<Full>(places, c, a, b, bias, n1, n2, run, jump1, jump2, aStep, bStep, tall, cols, finish);
  places += (<usize>tall) << 3;
  if (short > 0)
    tiles<Short>(
      places,
      c,
      a,
      b,
      bias,
      n1,
      n2,
      run,
      jump1,
      jump2,
      aStep,
      bStep,
      short,
      cols,
      finish,
    );
}

/** The part of an MR × NR tile that is computed. */
abstract class Part {
  abstract rows(): i32;
  abstract vectors(): i32;
}
class Full extends Part {
  @inline rows(): i32 {
    return MR;
  }
  @inline vectors(): i32 {
    return 2;
  }
}
class Short extends Part {
  @inline rows(): i32 {
    return 4;
  }
  @inline vectors(): i32 {
    return 2;
  }
}
class Narrow extends Part {
  @inline rows(): i32 {
    return MR;
  }
  @inline vectors(): i32 {
    return 1;
  }
}

function placeOfA(places: usize, row: i32, rows: i32): usize {
  return <usize>load<u32>(places + ((<usize>min(row, rows - 1)) << 3));
}

function placeOfC(places: usize, row: i32): usize {
  return <usize>load<u32>(places + ((<usize>row) << 3), 4);
}

/** Not unrolled over k: more than one step in flight would spill the sums. */
function tiles<P extends Part>(
  places: usize,
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  n1: i32,
  n2: i32,
  run: usize,
  jump1: isize,
  jump2: isize,
  aStep: usize,
  bStep: usize,
  rows: i32,
  cols: i32,
  finish: i32,
): void {
  const tall = changetype<P>(0).rows() == 6;
  const wide = changetype<P>(0).vectors() == 2;
  const all = b;
  for (
    ;
    rows > 0;
    rows -= changetype<P>(0).rows(), places += (<usize>changetype<P>(0).rows()) << 3
  ) {
    b = all;
    let c00 = v128.splat<real>(0);
    let c01 = c00;
    if (bias != 0) {
      c00 = loadUpTo(bias, cols);
      if (wide) c01 = loadUpTo(bias + 16, cols - LANES);
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
    let a0 = a + placeOfA(places, 0, rows);
    let a1 = a + placeOfA(places, 1, rows);
    let a2 = a + placeOfA(places, 2, rows);
    let a3 = a + placeOfA(places, 3, rows);
    let a4 = tall ? a + placeOfA(places, 4, rows) : a3;
    let a5 = tall ? a + placeOfA(places, 5, rows) : a3;
    for (let i1 = n1; i1 > 0; i1--) {
      for (let i2 = n2; i2 > 0; i2--) {
        for (const end = a0 + run; a0 < end; a0 += aStep, b += bStep) {
          const b0 = v128.load(b);
          const b1 = wide ? v128.load(b, 16) : b0;
          let x = v128.load_splat<real>(a0);
          c00 = madd(x, b0, c00);
          if (wide) c01 = madd(x, b1, c01);
          x = v128.load_splat<real>(a1);
          c10 = madd(x, b0, c10);
          if (wide) c11 = madd(x, b1, c11);
          x = v128.load_splat<real>(a2);
          c20 = madd(x, b0, c20);
          if (wide) c21 = madd(x, b1, c21);
          x = v128.load_splat<real>(a3);
          c30 = madd(x, b0, c30);
          if (wide) c31 = madd(x, b1, c31);
          a1 += aStep;
          a2 += aStep;
          a3 += aStep;
          if (tall) {
            x = v128.load_splat<real>(a4);
            c40 = madd(x, b0, c40);
            if (wide) c41 = madd(x, b1, c41);
            x = v128.load_splat<real>(a5);
            c50 = madd(x, b0, c50);
            if (wide) c51 = madd(x, b1, c51);
            a4 += aStep;
            a5 += aStep;
          }
        }
        a0 += jump2;
        a1 += jump2;
        a2 += jump2;
        a3 += jump2;
        if (tall) {
          a4 += jump2;
          a5 += jump2;
        }
      }
      a0 += jump1;
      a1 += jump1;
      a2 += jump1;
      a3 += jump1;
      if (tall) {
        a4 += jump1;
        a5 += jump1;
      }
    }
    storeRow(c + placeOfC(places, 0), c00, c01, cols, finish);
    if (rows > 1) storeRow(c + placeOfC(places, 1), c10, c11, cols, finish);
    if (rows > 2) storeRow(c + placeOfC(places, 2), c20, c21, cols, finish);
    if (rows > 3) storeRow(c + placeOfC(places, 3), c30, c31, cols, finish);
    if (tall && rows > 4) storeRow(c + placeOfC(places, 4), c40, c41, cols, finish);
    if (tall && rows > 5) storeRow(c + placeOfC(places, 5), c50, c51, cols, finish);
  }
}

function storeRow(c: usize, v0: v128, v1: v128, cols: i32, finish: i32): void {
  if (finish == RELU) {
    v0 = v128.pmax<real>(v0, v128.splat<real>(0));
    v1 = v128.pmax<real>(v1, v128.splat<real>(0));
  } else if (finish == ACCUMULATE) {
    v0 = v128.add<real>(v0, loadUpTo(c, cols));
    if (cols > LANES) v1 = v128.add<real>(v1, loadUpTo(c + 16, cols - LANES));
  }
  storeUpTo(c, v0, cols);
  if (cols > LANES) storeUpTo(c + 16, v1, cols - LANES);
}
