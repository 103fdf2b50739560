import { activate } from '../activate';
import { NR } from '../layout';
import { RELU, STORE } from '../rows';
import { multiplyRows } from '../rowTile';
import { In, InAll, Out, OutAll, shareStart } from '../share';

/*
 * Convolutions with stride 1 that leave out the taps outside of the image. Neighbouring outputs that meet the same taps are one run
 * along each axis; the pixels of two runs are a block, computed at once.
 */

/** First tap that output `o` meets, and the one behind the last, of K along n pixels behind `pad` zeros. */
function firstTap(o: i32, pad: i32): i32 {
  return max(0, pad - o);
}
function endTap(o: i32, pad: i32, n: i32, K: i32): i32 {
  return min(K, n + pad - o);
}

/** Behind the last output that meets the same taps as `o`, of `outs`. */
function runEnd(o: i32, pad: i32, n: i32, K: i32, outs: i32): i32 {
  return o >= pad && o + K <= n + pad ? min(outs, n + pad - K + 1) : o + 1;
}

/**
 * For each pixel of y [images, OH, OW, N], block by block and there image by image, the bytes to its first tap in
 * x [images, H, W, C] and to it in y.
 */
export function placeInside(
  places: OutAll,
  images: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  N: i32,
  KH: i32,
  KW: i32,
  top: i32,
  left: i32,
  tid: i32,
  threads: i32,
): void {
  if (tid > 0) return;
  for (let h = 0; h < OH; ) {
    const hEnd = runEnd(h, top, H, KH, OH);
    for (let w = 0; w < OW; ) {
      const wEnd = runEnd(w, left, W, KW, OW);
      for (let k = 0; k < images * (hEnd - h); k++) {
        const image = k / (hEnd - h);
        const i = h + (k - image * (hEnd - h));
        const row = (image * H + i + firstTap(i, top) - top) * W - left;
        for (let j = w; j < wEnd; j++, places += 8) {
          store<u32>(places, (row + j + firstTap(j, left)) * C * <i32>sizeof<real>());
          store<u32>(places, ((image * OH + i) * OW + j) * N * <i32>sizeof<real>(), 4);
        }
      }
      w = wEnd;
    }
    h = hEnd;
  }
}

/**
 * y[image, i, j, N] = act(Σ x[image, i + ky − top, j + kx − left, C]·bp[ky, kx, C, N] + bias[N]) over the KH · KW taps that lie inside
 * of x [H, W, C]; every pixel must meet one. `bp` from packFilter, `places` from placeInside for `group` images that go at once, so that
 * the few pixels of a block at the border fill tiles; activation as in gemm.
 */
export function convInside(
  y: Out,
  x: In,
  bp: InAll,
  bias: InAll,
  places: InAll,
  images: i32,
  unit: i32,
  group: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  N: i32,
  KH: i32,
  KW: i32,
  top: i32,
  left: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(images, unit, tid + 1, threads);
  const finish = activation == 1 ? RELU : STORE;
  for (let image = shareStart(images, unit, tid, threads); image < last; image += group) {
    const count = min(group, last - image);
    const yi = y + <usize>image * <usize>(OH * OW * N) * sizeof<real>();
    const xi = x + <usize>image * <usize>(H * W * C) * sizeof<real>();
    let at = places;
    for (let h = 0; h < OH; ) {
      const hEnd = runEnd(h, top, H, KH, OH);
      const ky = firstTap(h, top);
      const n1 = endTap(h, top, H, KH) - ky;
      for (let w = 0; w < OW; ) {
        const wEnd = runEnd(w, left, W, KW, OW);
        const kx = firstTap(w, left);
        const taps = endTap(w, left, W, KW) - kx;
        const pixels = (hEnd - h) * (wEnd - w);
        const b = bp + <usize>((ky * KW + kx) * C * NR) * sizeof<real>();
        block(yi, xi, b, bias, at, count * pixels, n1, taps * C, W * C, KH, KW * C, N, finish, tid);
        at += (<usize>(group * pixels)) << 3;
        w = wEnd;
      }
      h = hEnd;
    }
    if (activation > 1) activate(yi, count * OH * OW, N, <usize>N * sizeof<real>(), activation);
  }
}

/** Pixels that meet n1 rows of taps, `steps` numbers of x in each; xRow, bRow numbers in whole rows. */
function block(
  y: usize,
  x: usize,
  b: usize,
  bias: usize,
  places: usize,
  pixels: i32,
  n1: i32,
  steps: i32,
  xRow: i32,
  KH: i32,
  bRow: i32,
  N: i32,
  finish: i32,
  tid: i32,
): void {
  const panel = <usize>(KH * bRow * NR) * sizeof<real>();
  const jump = <isize>(xRow - steps) * sizeof<real>();
  const bJump = <usize>((bRow - steps) * NR) * sizeof<real>();
  for (let n = 0; n < N; n += NR, b += panel, y += NR * sizeof<real>()) {
    const cols = min(NR, N - n);
    multiplyRows(places, y, x, b, bias, 1, n1, steps, 0, jump, bJump, pixels, cols, finish, tid);
    if (bias != 0) bias += NR * sizeof<real>();
  }
}
