import { Part } from './part';
import { ACCUMULATE, placeOfA, placeOfC, RELU, Steps } from './rows';
import { LANES, loadUpTo, madd, storeUpTo } from './simd';

/** multiplyRows and multiplyPixels of rowTile.ts, part by part. Not unrolled over k: more than one step in flight would spill the sums. */
export function placedTiles<P extends Part, S extends Steps>(
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
  cols: i32,
  finish: i32,
): void {
  const tall = changetype<P>(0).rows() == 6;
  const wide = changetype<P>(0).vectors() == 2;
  const near = changetype<P>(0).near();
  const all = b;
  const floor = v128.splat<real>(finish == RELU ? 0 : -(<real>Infinity));
  let bias0 = v128.splat<real>(0);
  let bias1 = bias0;
  if (bias != 0) {
    bias0 = loadUpTo(bias, cols);
    if (wide) bias1 = loadUpTo(bias + 16, cols - LANES);
  }
  for (
    ;
    rows > 0;
    rows -= changetype<P>(0).rows(), places += (<usize>changetype<P>(0).rows()) << 3
  ) {
    b = all;
    let c00 = bias0;
    let c01 = bias1;
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
        for (
          const end = a0 + run;
          a0 < end;
          a0 += changetype<S>(0).a(aStep), b += changetype<S>(0).b(bStep)
        ) {
          const b0 = v128.load(b);
          const b1 = wide ? v128.load(b, 16) : b0;
          let x = v128.load_splat<real>(a0);
          c00 = madd(x, b0, c00);
          if (wide) c01 = madd(x, b1, c01);
          x = near ? v128.load_splat<real>(a0, 1 * sizeof<real>()) : v128.load_splat<real>(a1);
          c10 = madd(x, b0, c10);
          if (wide) c11 = madd(x, b1, c11);
          x = near ? v128.load_splat<real>(a0, 2 * sizeof<real>()) : v128.load_splat<real>(a2);
          c20 = madd(x, b0, c20);
          if (wide) c21 = madd(x, b1, c21);
          x = near ? v128.load_splat<real>(a0, 3 * sizeof<real>()) : v128.load_splat<real>(a3);
          c30 = madd(x, b0, c30);
          if (wide) c31 = madd(x, b1, c31);
          if (!near) a1 += changetype<S>(0).a(aStep);
          if (!near) a2 += changetype<S>(0).a(aStep);
          if (!near) a3 += changetype<S>(0).a(aStep);
          if (tall) {
            x = near ? v128.load_splat<real>(a0, 4 * sizeof<real>()) : v128.load_splat<real>(a4);
            c40 = madd(x, b0, c40);
            if (wide) c41 = madd(x, b1, c41);
            x = near ? v128.load_splat<real>(a0, 5 * sizeof<real>()) : v128.load_splat<real>(a5);
            c50 = madd(x, b0, c50);
            if (wide) c51 = madd(x, b1, c51);
            if (!near) a4 += changetype<S>(0).a(aStep);
            if (!near) a5 += changetype<S>(0).a(aStep);
          }
        }
        b += bJump;
        a0 += jump2;
        if (!near) a1 += jump2;
        if (!near) a2 += jump2;
        if (!near) a3 += jump2;
        if (tall) {
          if (!near) a4 += jump2;
          if (!near) a5 += jump2;
        }
      }
      a0 += jump1;
      if (!near) a1 += jump1;
      if (!near) a2 += jump1;
      if (!near) a3 += jump1;
      if (tall) {
        if (!near) a4 += jump1;
        if (!near) a5 += jump1;
      }
    }
    const high = changetype<P>(0).rows();
    const width = changetype<P>(0).vectors() * LANES;
    const whole = cols == width;
    const adds = changetype<S>(0).adds();
    const accumulate = adds && finish == ACCUMULATE;
    if (rows >= high && (whole || (!adds && touching(places, high, cols, width)))) {
      storeWhole<P>(c + placeOfC(places, 0), c00, c01, floor, accumulate);
      storeWhole<P>(c + placeOfC(places, 1), c10, c11, floor, accumulate);
      storeWhole<P>(c + placeOfC(places, 2), c20, c21, floor, accumulate);
      if (tall) {
        storeWhole<P>(c + placeOfC(places, 3), c30, c31, floor, accumulate);
        storeWhole<P>(c + placeOfC(places, 4), c40, c41, floor, accumulate);
      }
      const last = c + placeOfC(places, high - 1);
      const v0 = tall ? c50 : c30;
      const v1 = tall ? c51 : c31;
      if (whole) storeWhole<P>(last, v0, v1, floor, accumulate);
      else storeRow(last, v0, v1, cols, finish);
    } else {
      storeRow(c + placeOfC(places, 0), c00, c01, cols, finish);
      if (rows > 1) storeRow(c + placeOfC(places, 1), c10, c11, cols, finish);
      if (rows > 2) storeRow(c + placeOfC(places, 2), c20, c21, cols, finish);
      if (rows > 3) storeRow(c + placeOfC(places, 3), c30, c31, cols, finish);
      if (tall && rows > 4) storeRow(c + placeOfC(places, 4), c40, c41, cols, finish);
      if (tall && rows > 5) storeRow(c + placeOfC(places, 5), c50, c51, cols, finish);
    }
  }
}

/**
 * Whether rows of `cols` numbers, whose places ascend, lie one behind the other in C, so that what `width` numbers are too many the next
 * row overwrites.
 */
export function touching(places: usize, rows: i32, cols: i32, width: i32): bool {
  const bytes = <usize>((rows - 1) * cols) * sizeof<real>();
  return 2 * cols >= width && placeOfC(places, rows - 1) - placeOfC(places, 0) == bytes;
}

/** max(v, floor), added to what is there when the sums accumulate. */
function storeWhole<P extends Part>(
  c: usize,
  v0: v128,
  v1: v128,
  floor: v128,
  accumulate: bool,
): void {
  const wide = changetype<P>(0).vectors() == 2;
  v0 = v128.pmax<real>(v0, floor);
  if (wide) v1 = v128.pmax<real>(v1, floor);
  if (accumulate) {
    v0 = v128.add<real>(v0, v128.load(c));
    if (wide) v1 = v128.add<real>(v1, v128.load(c, 16));
  }
  v128.store(c, v0);
  if (wide) v128.store(c, v1, 16);
}

export function storeRow(c: usize, v0: v128, v1: v128, cols: i32, finish: i32): void {
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
