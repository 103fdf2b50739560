import { activate } from '../activate';
import { InAll, OutAll, shareStart } from '../share';
import { LANES, loadUpTo, madd, splat, storeUpTo } from '../simd';
import { fillSpan } from '../span';

/** Channels formed at once: a vector of them, or the first few. */
abstract class Channels {
  abstract load(p: usize, n: i32): v128;
  abstract store(p: usize, v: v128, n: i32): void;
}
class Whole extends Channels {
  @inline load(p: usize, n: i32): v128 {
    return v128.load(p);
  }
  @inline store(p: usize, v: v128, n: i32): void {
    v128.store(p, v);
  }
}
class Few extends Channels {
  @inline load(p: usize, n: i32): v128 {
    return loadUpTo(p, n);
  }
  @inline store(p: usize, v: v128, n: i32): void {
    storeUpTo(p, v, n);
  }
}

/**
 * y[image, row, pixel, c] = act(Σ x[…, c]·w[…, c] + bias[c]) over n1 · n2 taps, d1 and d2 numbers apart in x, w1 and w2 in w.
 * rows = images · QH, each of QW pixels. sigmoid and tanh only where the pixels of y are neighbours.
 */
export function depthwise(
  y: OutAll,
  x: InAll,
  w: InAll,
  bias: InAll,
  rows: i32,
  unit: i32,
  QH: i32,
  QW: i32,
  C: i32,
  yImage: i32,
  yRow: i32,
  yPixel: i32,
  xImage: i32,
  xRow: i32,
  xPixel: i32,
  n1: i32,
  d1: i32,
  n2: i32,
  d2: i32,
  w1: i32,
  w2: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  const whole = C & -LANES;
  for (let row = shareStart(rows, unit, tid, threads); row < last; row++) {
    const image = row / QH;
    const q = row - image * QH;
    const to = y + (<usize>image * <usize>yImage + <usize>(q * yRow)) * sizeof<real>();
    const from = x + (<usize>image * <usize>xImage + <usize>(q * xRow)) * sizeof<real>();
    for (let c = 0; c < C; c += LANES) {
      const at = <usize>c * sizeof<real>();
      const own = bias != 0 ? bias + at : 0;
      if (c < whole)
        line<Whole>(
          to + at,
          from + at,
          w + at,
          own,
          QW,
          LANES,
          yPixel,
          xPixel,
          n1,
          d1,
          n2,
          d2,
          w1,
          w2,
        );
      else
        line<Few>(
          to + at,
          from + at,
          w + at,
          own,
          QW,
          C - c,
          yPixel,
          xPixel,
          n1,
          d1,
          n2,
          d2,
          w1,
          w2,
        );
    }
    if (activation != 0) activate(to, QW, C, <usize>C * sizeof<real>(), activation);
  }
}

/** A row of pixels, four at a time; missing ones repeat the last. */
function line<P extends Channels>(
  y: usize,
  x: usize,
  w: usize,
  bias: usize,
  pixels: i32,
  n: i32,
  yPixel: i32,
  xPixel: i32,
  n1: i32,
  d1: i32,
  n2: i32,
  d2: i32,
  w1: i32,
  w2: i32,
): void {
  const yStep = <usize>yPixel * sizeof<real>();
  const xStep = <usize>xPixel * sizeof<real>();
  const xTap = <usize>d2 * sizeof<real>();
  const wTap = <usize>w2 * sizeof<real>();
  const start = bias != 0 ? changetype<P>(0).load(bias, n) : splat(0);
  for (; pixels > 0; pixels -= 4, x += 4 * xStep, y += 4 * yStep) {
    const r1 = <usize>min(1, pixels - 1);
    const r2 = <usize>min(2, pixels - 1);
    const r3 = <usize>min(3, pixels - 1);
    const x1 = r1 * xStep;
    const x2 = r2 * xStep;
    const x3 = r3 * xStep;
    let v0 = start;
    let v1 = start;
    let v2 = start;
    let v3 = start;
    for (let i1 = 0; i1 < n1; i1++) {
      let at = x + <usize>(i1 * d1) * sizeof<real>();
      let tap = w + <usize>(i1 * w1) * sizeof<real>();
      for (let i2 = n2; i2 > 0; i2--) {
        const t = changetype<P>(0).load(tap, n);
        v0 = madd(changetype<P>(0).load(at, n), t, v0);
        v1 = madd(changetype<P>(0).load(at + x1, n), t, v1);
        v2 = madd(changetype<P>(0).load(at + x2, n), t, v2);
        v3 = madd(changetype<P>(0).load(at + x3, n), t, v3);
        at += xTap;
        tap += wTap;
      }
    }
    changetype<P>(0).store(y, v0, n);
    changetype<P>(0).store(y + r1 * yStep, v1, n);
    changetype<P>(0).store(y + r2 * yStep, v2, n);
    changetype<P>(0).store(y + r3 * yStep, v3, n);
  }
}

/**
 * dw[tap, c] = Σ x[pixel + tap, c]·dy[pixel, c] over B images, in blocks of `block` rows: the gradient of a filter of `taps` taps,
 * n2 of them in a row, d1 and d2 numbers apart in x. dy is [B, OH, OW, C].
 */
export function depthwiseFilter(
  dw: OutAll,
  x: InAll,
  dy: InAll,
  taps: i32,
  unit: i32,
  n2: i32,
  d1: i32,
  d2: i32,
  B: i32,
  OH: i32,
  OW: i32,
  block: i32,
  C: i32,
  xImage: i32,
  xRow: i32,
  xPixel: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(taps, unit, tid, threads);
  const last = shareStart(taps, unit, tid + 1, threads);
  const bytes = <usize>C * sizeof<real>();
  fillSpan(dw + <usize>first * bytes, (last - first) * C, 0);
  for (let image = 0; image < B; image++) {
    for (let h = 0; h < OH; h += block) {
      const rows = min(block, OH - h);
      const dyi = dy + <usize>((image * OH + h) * OW) * bytes;
      const xi = x + (<usize>image * <usize>xImage + <usize>(h * xRow)) * sizeof<real>();
      for (let tap = first; tap < last; tap++) {
        const place = <usize>((tap / n2) * d1 + (tap % n2) * d2) * sizeof<real>();
        addTap(dw + <usize>tap * bytes, xi + place, dyi, rows, OW, C, xRow, xPixel);
      }
    }
  }
}

function addTap(
  dw: usize,
  x: usize,
  dy: usize,
  OH: i32,
  OW: i32,
  C: i32,
  xRow: i32,
  xPixel: i32,
): void {
  const bytes = <usize>C * sizeof<real>();
  const step = <usize>xPixel * sizeof<real>();
  const jump = <usize>(xRow - OW * xPixel) * sizeof<real>();
  for (let c = 0; c < C; c += LANES, dw += 16, x += 16, dy += 16) {
    if (C - c >= LANES) addProducts<Whole>(dw, x, dy, OH, OW, step, jump, bytes, LANES);
    else addProducts<Few>(dw, x, dy, OH, OW, step, jump, bytes, C - c);
  }
}

/** Pixels go to four sums in turn, so that additions need not wait for each other. */
function addProducts<P extends Channels>(
  dw: usize,
  x: usize,
  dy: usize,
  OH: i32,
  OW: i32,
  xStep: usize,
  jump: usize,
  dyStep: usize,
  n: i32,
): void {
  let v0 = splat(0);
  let v1 = v0;
  let v2 = v0;
  let v3 = v0;
  for (let h = OH; h > 0; h--, x += jump) {
    let i = OW;
    for (; i >= 4; i -= 4) {
      v0 = madd(changetype<P>(0).load(x, n), changetype<P>(0).load(dy, n), v0);
      x += xStep;
      dy += dyStep;
      v1 = madd(changetype<P>(0).load(x, n), changetype<P>(0).load(dy, n), v1);
      x += xStep;
      dy += dyStep;
      v2 = madd(changetype<P>(0).load(x, n), changetype<P>(0).load(dy, n), v2);
      x += xStep;
      dy += dyStep;
      v3 = madd(changetype<P>(0).load(x, n), changetype<P>(0).load(dy, n), v3);
      x += xStep;
      dy += dyStep;
    }
    for (; i > 0; i--, x += xStep, dy += dyStep) {
      v0 = madd(changetype<P>(0).load(x, n), changetype<P>(0).load(dy, n), v0);
    }
  }
  const sum = v128.add<real>(v128.add<real>(v0, v1), v128.add<real>(v2, v3));
  changetype<P>(0).store(dw, v128.add<real>(changetype<P>(0).load(dw, n), sum), n);
}
