import { HALF, halfRows } from './halfRows';
import { MR, NR, tileOf } from './layout';
import { Full, Narrow, Near, Short } from './part';
import { placedTiles } from './placedTiles';
import { Numbers, Pixels } from './rows';
import { LANES } from './simd';
import { Four, NearSix, Six, wideRows } from './wideRows';

/**
 * C[r, cols] = bias + Σ a_r ⊗ b over n1 · n2 · steps steps for `rows` rows that lie anywhere: `places` holds for each the
 * offsets in bytes (u32) of its first number of A and of its numbers in C. A is walked number by
 * number, B is a panel of NR columns. The end of the inner loop moves A by `jump2` and B by `bJump` bytes, that of the
 * middle loop A by `jump1`. `tid` is the thread's. Sums are formed in the same order whatever part of a tile is computed.
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
  tid: i32,
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
    for (; cols > 0; cols -= HALF, c += 32, b += 32) {
      const some = min(HALF, cols);
      halfRows<Numbers>(
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
        tileOf(tid),
      );
      if (bias != 0) bias += 32;
    }
    return;
  }
  const short = cols > LANES ? shortRows(rows) : 0;
  const tall = rows - short;
  if (cols <= LANES)
    placedTiles<Narrow, Numbers>(
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
    placedTiles<Full, Numbers>(
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
    placedTiles<Short, Numbers>(
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
  tid: i32,
): void {
  const run = <usize>steps * aStep;
  if (WIDE && cols == NR) {
    for (; rows > 0; rows -= MR, places += MR << 3) {
      const n = rows;
      if (n <= 4)
        wideRows<Four, Pixels>(places, c, a, b, 0, 1, n1, run, 0, jump, 0, aStep, bStep, n, finish);
      else if (n >= MR && neighbours(places))
        wideRows<NearSix, Pixels>(
          places,
          c,
          a,
          b,
          0,
          1,
          n1,
          run,
          0,
          jump,
          0,
          aStep,
          bStep,
          n,
          finish,
        );
      else
        wideRows<Six, Pixels>(places, c, a, b, 0, 1, n1, run, 0, jump, 0, aStep, bStep, n, finish);
    }
    return;
  }
  if (WIDE) {
    for (; cols > 0; cols -= HALF, c += 32, b += 32) {
      const some = min(HALF, cols);
      halfRows<Pixels>(
        places,
        c,
        a,
        b,
        0,
        1,
        n1,
        run,
        0,
        jump,
        0,
        aStep,
        bStep,
        rows,
        some,
        finish,
        tileOf(tid),
      );
    }
    return;
  }
  const short = cols > LANES ? shortRows(rows) : 0;
  for (; rows > short; rows -= MR, places += MR << 3) {
    const high = min(MR, rows);
    if (cols <= LANES)
      placedTiles<Narrow, Pixels>(
        places,
        c,
        a,
        b,
        0,
        1,
        n1,
        run,
        0,
        jump,
        0,
        aStep,
        bStep,
        high,
        cols,
        finish,
      );
    else if (rows >= MR && neighbours(places))
      placedTiles<Near, Pixels>(
        places,
        c,
        a,
        b,
        0,
        1,
        n1,
        run,
        0,
        jump,
        0,
        aStep,
        bStep,
        high,
        cols,
        finish,
      );
    else
      placedTiles<Full, Pixels>(
        places,
        c,
        a,
        b,
        0,
        1,
        n1,
        run,
        0,
        jump,
        0,
        aStep,
        bStep,
        high,
        cols,
        finish,
      );
  }
  if (short > 0)
    placedTiles<Short, Pixels>(
      places,
      c,
      a,
      b,
      0,
      1,
      n1,
      run,
      0,
      jump,
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
