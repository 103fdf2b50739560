import { ACCUMULATE, placeOfA, placeOfC, RELU, Steps } from './rows';
import { madd } from './simd';

/*
 * The tile of products of rows that lie anywhere in the `turbo` build, 6 × 16, in the form that V8's re-vectoriser joins to 256
 * bits: see wide.ts.
 */

/** Rows of a tile, and whether they start side by side in A. */
abstract class Height {
  abstract six(): bool;
  abstract near(): bool;
}
export class Four extends Height {
  @inline six(): bool {
    return false;
  }
  @inline near(): bool {
    return false;
  }
}
export class Six extends Height {
  @inline six(): bool {
    return true;
  }
  @inline near(): bool {
    return false;
  }
}
export class NearSix extends Height {
  @inline six(): bool {
    return true;
  }
  @inline near(): bool {
    return true;
  }
}

/** As placedTiles, for one tile of at most six rows and all NR columns; without a bias, address 0 is read. */
export function wideRows<H extends Height, S extends Steps>(
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
  bJump: usize,
  aStep: usize,
  bStep: usize,
  rows: i32,
  finish: i32,
): void {
  const six = changetype<H>(0).six();
  const near = changetype<H>(0).near();
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
  let a0 = a + placeOfA(places, 0, rows);
  let a1 = a + placeOfA(places, 1, rows);
  let a2 = a + placeOfA(places, 2, rows);
  let a3 = a + placeOfA(places, 3, rows);
  let a4 = six ? a + placeOfA(places, 4, rows) : a3;
  let a5 = six ? a + placeOfA(places, 5, rows) : a3;
  for (let i1 = n1; i1 > 0; i1--) {
    for (let i2 = n2; i2 > 0; i2--) {
      for (
        const end = a0 + run;
        a0 < end;
        a0 += changetype<S>(0).a(aStep), b += changetype<S>(0).b(bStep)
      ) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const b2 = v128.load(b, 32);
        const b3 = v128.load(b, 48);
        let x = v128.load_splat<real>(a0);
        c00 = madd(x, b0, c00);
        c01 = madd(x, b1, c01);
        c02 = madd(x, b2, c02);
        c03 = madd(x, b3, c03);
        x = near ? v128.load_splat<real>(a0, sizeof<real>()) : v128.load_splat<real>(a1);
        c10 = madd(x, b0, c10);
        c11 = madd(x, b1, c11);
        c12 = madd(x, b2, c12);
        c13 = madd(x, b3, c13);
        x = near ? v128.load_splat<real>(a0, 2 * sizeof<real>()) : v128.load_splat<real>(a2);
        c20 = madd(x, b0, c20);
        c21 = madd(x, b1, c21);
        c22 = madd(x, b2, c22);
        c23 = madd(x, b3, c23);
        x = near ? v128.load_splat<real>(a0, 3 * sizeof<real>()) : v128.load_splat<real>(a3);
        c30 = madd(x, b0, c30);
        c31 = madd(x, b1, c31);
        c32 = madd(x, b2, c32);
        c33 = madd(x, b3, c33);
        if (!near) a1 += changetype<S>(0).a(aStep);
        if (!near) a2 += changetype<S>(0).a(aStep);
        if (!near) a3 += changetype<S>(0).a(aStep);
        if (six) {
          x = near ? v128.load_splat<real>(a0, 4 * sizeof<real>()) : v128.load_splat<real>(a4);
          c40 = madd(x, b0, c40);
          c41 = madd(x, b1, c41);
          c42 = madd(x, b2, c42);
          c43 = madd(x, b3, c43);
          x = near ? v128.load_splat<real>(a0, 5 * sizeof<real>()) : v128.load_splat<real>(a5);
          c50 = madd(x, b0, c50);
          c51 = madd(x, b1, c51);
          c52 = madd(x, b2, c52);
          c53 = madd(x, b3, c53);
          if (!near) a4 += changetype<S>(0).a(aStep);
          if (!near) a5 += changetype<S>(0).a(aStep);
        }
      }
      b += bJump;
      a0 += jump2;
      if (!near) a1 += jump2;
      if (!near) a2 += jump2;
      if (!near) a3 += jump2;
      if (!near) a4 += jump2;
      if (!near) a5 += jump2;
    }
    a0 += jump1;
    if (!near) a1 += jump1;
    if (!near) a2 += jump1;
    if (!near) a3 += jump1;
    if (!near) a4 += jump1;
    if (!near) a5 += jump1;
  }
  const floor = v128.splat<real>(finish == RELU ? 0 : -(<real>Infinity));
  const accumulate = finish == ACCUMULATE;
  storeWide(c + placeOfC(places, 0), c00, c01, c02, c03, floor, accumulate);
  if (rows > 1) storeWide(c + placeOfC(places, 1), c10, c11, c12, c13, floor, accumulate);
  if (rows > 2) storeWide(c + placeOfC(places, 2), c20, c21, c22, c23, floor, accumulate);
  if (rows > 3) storeWide(c + placeOfC(places, 3), c30, c31, c32, c33, floor, accumulate);
  if (!six) return;
  if (rows > 4) storeWide(c + placeOfC(places, 4), c40, c41, c42, c43, floor, accumulate);
  if (rows > 5) storeWide(c + placeOfC(places, 5), c50, c51, c52, c53, floor, accumulate);
}

/** max(v, floor), added to what is there when the sums accumulate. */
function storeWide(
  c: usize,
  v0: v128,
  v1: v128,
  v2: v128,
  v3: v128,
  floor: v128,
  accumulate: bool,
): void {
  v0 = v128.pmax<real>(v0, floor);
  v1 = v128.pmax<real>(v1, floor);
  v2 = v128.pmax<real>(v2, floor);
  v3 = v128.pmax<real>(v3, floor);
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
