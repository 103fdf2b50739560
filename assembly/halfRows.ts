import { storeRow, touching } from './placedTiles';
import { ACCUMULATE, placeOfA, placeOfC, RELU, Steps } from './rows';
import { LANES, madd } from './simd';

/** Columns of half a panel of the `turbo` build: one register. */
export const HALF: i32 = 2 * LANES;

/**
 * As placedTiles, for at most HALF columns of the `turbo` build: tiles of 8 × 8, in the form that V8's re-vectoriser joins to 256
 * bits, see wide.ts: sums go through `tile`, 256 bytes, since stores of a part would lose the pairs. Whole halves of B and of the bias are read.
 */
export function halfRows<S extends Steps>(
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
  tile: usize,
): void {
  const all = b;
  const bias0 = v128.load(bias);
  const bias1 = v128.load(bias, 16);
  for (; rows > 0; rows -= 8, places += 64) {
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
    let c60 = c00;
    let c61 = c01;
    let c70 = c00;
    let c71 = c01;
    let a0 = a + placeOfA(places, 0, rows);
    let a1 = a + placeOfA(places, 1, rows);
    let a2 = a + placeOfA(places, 2, rows);
    let a3 = a + placeOfA(places, 3, rows);
    let a4 = a + placeOfA(places, 4, rows);
    let a5 = a + placeOfA(places, 5, rows);
    let a6 = a + placeOfA(places, 6, rows);
    let a7 = a + placeOfA(places, 7, rows);
    for (let i1 = n1; i1 > 0; i1--) {
      for (let i2 = n2; i2 > 0; i2--) {
        for (
          const end = a0 + run;
          a0 < end;
          a0 += changetype<S>(0).a(aStep), b += changetype<S>(0).b(bStep)
        ) {
          const b0 = v128.load(b);
          const b1 = v128.load(b, 16);
          let x = v128.load_splat<real>(a0);
          c00 = madd(x, b0, c00);
          c01 = madd(x, b1, c01);
          x = v128.load_splat<real>(a1);
          c10 = madd(x, b0, c10);
          c11 = madd(x, b1, c11);
          x = v128.load_splat<real>(a2);
          c20 = madd(x, b0, c20);
          c21 = madd(x, b1, c21);
          x = v128.load_splat<real>(a3);
          c30 = madd(x, b0, c30);
          c31 = madd(x, b1, c31);
          x = v128.load_splat<real>(a4);
          c40 = madd(x, b0, c40);
          c41 = madd(x, b1, c41);
          x = v128.load_splat<real>(a5);
          c50 = madd(x, b0, c50);
          c51 = madd(x, b1, c51);
          x = v128.load_splat<real>(a6);
          c60 = madd(x, b0, c60);
          c61 = madd(x, b1, c61);
          x = v128.load_splat<real>(a7);
          c70 = madd(x, b0, c70);
          c71 = madd(x, b1, c71);
          a1 += changetype<S>(0).a(aStep);
          a2 += changetype<S>(0).a(aStep);
          a3 += changetype<S>(0).a(aStep);
          a4 += changetype<S>(0).a(aStep);
          a5 += changetype<S>(0).a(aStep);
          a6 += changetype<S>(0).a(aStep);
          a7 += changetype<S>(0).a(aStep);
        }
        b += bJump;
        a0 += jump2;
        a1 += jump2;
        a2 += jump2;
        a3 += jump2;
        a4 += jump2;
        a5 += jump2;
        a6 += jump2;
        a7 += jump2;
      }
      a0 += jump1;
      a1 += jump1;
      a2 += jump1;
      a3 += jump1;
      a4 += jump1;
      a5 += jump1;
      a6 += jump1;
      a7 += jump1;
    }
    storePair(tile, c00, c01);
    storePair(tile + 32, c10, c11);
    storePair(tile + 64, c20, c21);
    storePair(tile + 96, c30, c31);
    storePair(tile + 128, c40, c41);
    storePair(tile + 160, c50, c51);
    storePair(tile + 192, c60, c61);
    storePair(tile + 224, c70, c71);
    finishTile(tile, places, c, min(8, rows), cols, finish);
  }
}

function storePair(p: usize, v0: v128, v1: v128): void {
  v128.store(p, v0);
  v128.store(p, v1, 16);
}

/** From the tile to where the rows belong. */
function finishTile(tile: usize, places: usize, c: usize, rows: i32, cols: i32, finish: i32): void {
  const ahead = rows > 1 && finish != ACCUMULATE && touching(places, rows, cols, HALF);
  const whole = cols == HALF ? rows : ahead ? rows - 1 : 0;
  const floor = v128.splat<real>(finish == RELU ? 0 : -(<real>Infinity));
  for (let row = 0; row < rows; row++, tile += 32) {
    const to = c + placeOfC(places, row);
    const v0 = v128.load(tile);
    const v1 = v128.load(tile, 16);
    if (row < whole && finish != ACCUMULATE)
      storePair(to, v128.pmax<real>(v0, floor), v128.pmax<real>(v1, floor));
    else storeRow(to, v0, v1, cols, finish);
  }
}
