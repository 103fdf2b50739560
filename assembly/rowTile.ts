import { MR, NR } from './layout';
import { Full, Narrow, Near, Part, Short } from './part';
import { ACCUMULATE, Numbers, Pixels, placeOfA, placeOfC, RELU, Steps } from './rows';
import { LANES, loadUpTo, madd, storeUpTo } from './simd';
import { Four, NearSix, Six, wideRows } from './wideRows';

/**
 * C[r, cols] = bias + Σ a_r ⊗ b over n1 · n2 · steps steps for `rows` rows that lie anywhere: `places` holds for each the
 * offsets in bytes (u32) of its first number of A and of its numbers in C. A is walked number by
 * number, B is a panel of NR columns. The end of the inner loop moves A by `jump2` bytes, that of the
 * middle loop by `jump1`, and B by `bJump`. Sums are formed in the same order whatever part of a tile is computed.
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
  bJump: usize,
  rows: i32,
  cols: i32,
  finish: i32,
): void {
  const run = <usize>steps * sizeof<real>();
  if (WIDE && cols == NR) {
    for (; rows > 0; rows -= MR, places += MR << 3) {
      const n = rows;
      if (n <= 4)
        wideRows<Four, Numbers>(
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
          bJump,
          0,
          0,
          n,
          finish,
        );
      else
        wideRows<Six, Numbers>(
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
          bJump,
          0,
          0,
          n,
          finish,
        );
    }
    return;
  }
  if (WIDE) {
    for (; cols > 0; cols -= LANES, c += 16, b += 16) {
      const some = min(LANES, cols);
      tiles<Narrow, Numbers>(
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
        bJump,
        0,
        0,
        rows,
        some,
        finish,
      );
      if (bias != 0) bias += 16;
    }
    return;
  }
  const short = cols > LANES ? shortRows(rows) : 0;
  const tall = rows - short;
  if (cols <= LANES)
    tiles<Narrow, Numbers>(
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
      bJump,
      0,
      0,
      tall,
      cols,
      finish,
    );
  else if (tall > 0)
    tiles<Full, Numbers>(
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
      bJump,
      0,
      0,
      tall,
      cols,
      finish,
    );
  if (short > 0) {
    places += (<usize>tall) << 3;
    tiles<Short, Numbers>(
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
      bJump,
      0,
      0,
      short,
      cols,
      finish,
    );
  }
}

/**
 * The same for n1 · steps steps, each of which moves A by `aStep` and B by `bStep` bytes; the end of the inner loop moves
 * A by `jump` more.
 */
export function multiplyPixels(
  places: usize,
  c: usize,
  a: usize,
  b: usize,
  n1: i32,
  steps: i32,
  jump: isize,
  aStep: usize,
  bStep: usize,
  rows: i32,
  cols: i32,
  finish: i32,
): void {
  const run = <usize>steps * aStep;
  if (WIDE && cols == NR) {
    for (; rows > 0; rows -= MR, places += MR << 3) {
      const n = rows;
      if (n <= 4)
        wideRows<Four, Pixels>(places, c, a, b, 0, n1, 1, run, jump, 0, 0, aStep, bStep, n, finish);
      else if (n >= MR && neighbours(places))
        wideRows<NearSix, Pixels>(
          places,
          c,
          a,
          b,
          0,
          n1,
          1,
          run,
          jump,
          0,
          0,
          aStep,
          bStep,
          n,
          finish,
        );
      else
        wideRows<Six, Pixels>(places, c, a, b, 0, n1, 1, run, jump, 0, 0, aStep, bStep, n, finish);
    }
    return;
  }
  if (WIDE) {
    for (; cols > 0; cols -= LANES, c += 16, b += 16) {
      const some = min(LANES, cols);
      tiles<Narrow, Pixels>(
        places,
        c,
        a,
        b,
        0,
        n1,
        1,
        run,
        jump,
        0,
        0,
        aStep,
        bStep,
        rows,
        some,
        finish,
      );
    }
    return;
  }
  const short = cols > LANES ? shortRows(rows) : 0;
  for (; rows > short; rows -= MR, places += MR << 3) {
    const high = min(MR, rows);
    if (cols <= LANES)
      tiles<Narrow, Pixels>(
        places,
        c,
        a,
        b,
        0,
        n1,
        1,
        run,
        jump,
        0,
        0,
        aStep,
        bStep,
        high,
        cols,
        finish,
      );
    else if (rows >= MR && neighbours(places))
      tiles<Near, Pixels>(
        places,
        c,
        a,
        b,
        0,
        n1,
        1,
        run,
        jump,
        0,
        0,
        aStep,
        bStep,
        high,
        cols,
        finish,
      );
    else
      tiles<Full, Pixels>(
        places,
        c,
        a,
        b,
        0,
        n1,
        1,
        run,
        jump,
        0,
        0,
        aStep,
        bStep,
        high,
        cols,
        finish,
      );
  }
  if (short > 0)
    tiles<Short, Pixels>(
      places,
      c,
      a,
      b,
      0,
      n1,
      1,
      run,
      jump,
      0,
      0,
      aStep,
      bStep,
      short,
      cols,
      finish,
    );
}

/** Rows at the end that a lower tile computes. */
function shortRows(rows: i32): i32 {
  const rest = rows % MR;
  return MR > 4 && rest <= 4 ? rest : 0;
}

/** Whether MR rows, whose places ascend, start side by side in A. */
function neighbours(places: usize): bool {
  return load<u32>(places, (MR - 1) << 3) - load<u32>(places) == <u32>((MR - 1) * sizeof<real>());
}

/** Not unrolled over k: more than one step in flight would spill the sums. */
function tiles<P extends Part, S extends Steps>(
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
        a0 += jump2;
        if (!near) a1 += jump2;
        if (!near) a2 += jump2;
        if (!near) a3 += jump2;
        if (tall) {
          if (!near) a4 += jump2;
          if (!near) a5 += jump2;
        }
      }
      b += bJump;
      a0 += jump1;
      if (!near) a1 += jump1;
      if (!near) a2 += jump1;
      if (!near) a3 += jump1;
      if (tall) {
        if (!near) a4 += jump1;
        if (!near) a5 += jump1;
      }
    }
    if (rows >= changetype<P>(0).rows() && cols == changetype<P>(0).vectors() * LANES) {
      const accumulate = finish == ACCUMULATE;
      storeWhole<P>(c + placeOfC(places, 0), c00, c01, floor, accumulate);
      storeWhole<P>(c + placeOfC(places, 1), c10, c11, floor, accumulate);
      storeWhole<P>(c + placeOfC(places, 2), c20, c21, floor, accumulate);
      storeWhole<P>(c + placeOfC(places, 3), c30, c31, floor, accumulate);
      if (tall) {
        storeWhole<P>(c + placeOfC(places, 4), c40, c41, floor, accumulate);
        storeWhole<P>(c + placeOfC(places, 5), c50, c51, floor, accumulate);
      }
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
