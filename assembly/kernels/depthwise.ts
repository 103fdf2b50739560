import { activate } from '../activate';
import { Lanes, Pair, Part, Whole } from '../lanes';
import { InAll, OutAll, shareStart } from '../share';
import { LANES, madd, splat } from '../simd';
import { Any, Double, Single, Stride } from '../stride';

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
  for (let row = shareStart(rows, unit, tid, threads); row < last; row++) {
    const image = row / QH;
    const q = row - image * QH;
    const to = y + (<usize>image * <usize>yImage + <usize>(q * yRow)) * sizeof<real>();
    const from = x + (<usize>image * <usize>xImage + <usize>(q * xRow)) * sizeof<real>();
    for (let c = 0; c < C; ) {
      const at = <usize>c * sizeof<real>();
      const own = bias != 0 ? bias + at : 0;
      const v = w + at;
      const n = C - c;
      if (n >= 2 * LANES && QW >= 4) {
        line<Pair>(to + at, from + at, v, own, QW, n, yPixel, xPixel, n1, d1, n2, d2, w1, w2);
        c += 2 * LANES;
      } else {
        if (n >= LANES)
          line<Whole>(to + at, from + at, v, own, QW, n, yPixel, xPixel, n1, d1, n2, d2, w1, w2);
        else line<Part>(to + at, from + at, v, own, QW, n, yPixel, xPixel, n1, d1, n2, d2, w1, w2);
        c += LANES;
      }
    }
    if (activation != 0) activate(to, QW, C, <usize>C * sizeof<real>(), activation);
  }
}

/** A row of pixels, n channels of each. */
function line<P extends Lanes>(
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
  const part = changetype<P>(0);
  const start = bias != 0 ? part.load(bias, n) : splat(0);
  const start2 = part.vectors() == 2 && bias != 0 ? part.load(bias + 16, n) : splat(0);
  const yStep = <usize>yPixel * sizeof<real>();
  const xStep = <usize>xPixel * sizeof<real>();
  const xRow = <usize>d1 * sizeof<real>();
  const wRow = <usize>w1 * sizeof<real>();
  const xTap = <usize>d2 * sizeof<real>();
  const wTap = <usize>w2 * sizeof<real>();
  if (pixels < 4) few<P>(y, x, w, start, pixels, n, yStep, xStep, n1, xRow, n2, xTap, wRow, wTap);
  else if (n2 >= 3 && xPixel == d2)
    fours<P, Single>(
      y,
      x,
      w,
      start,
      start2,
      pixels,
      n,
      yStep,
      xStep,
      n1,
      xRow,
      n2,
      xTap,
      wRow,
      wTap,
    );
  else if (n2 >= 3 && xPixel == 2 * d2)
    fours<P, Double>(
      y,
      x,
      w,
      start,
      start2,
      pixels,
      n,
      yStep,
      xStep,
      n1,
      xRow,
      n2,
      xTap,
      wRow,
      wTap,
    );
  else
    fours<P, Any>(y, x, w, start, start2, pixels, n, yStep, xStep, n1, xRow, n2, xTap, wRow, wTap);
}

/** Pixels one by one. */
function few<P extends Lanes>(
  y: usize,
  x: usize,
  w: usize,
  start: v128,
  pixels: i32,
  n: i32,
  yStep: usize,
  xStep: usize,
  n1: i32,
  xRow: usize,
  n2: i32,
  xTap: usize,
  wRow: usize,
  wTap: usize,
): void {
  const part = changetype<P>(0);
  for (; pixels > 0; pixels--, x += xStep, y += yStep) {
    let v = start;
    let row = x;
    let taps = w;
    for (let i1 = n1; i1 > 0; i1--, row += xRow, taps += wRow) {
      let at = row;
      let tap = taps;
      for (let i2 = n2; i2 > 0; i2--, at += xTap, tap += wTap)
        v = madd(part.load(at, n), part.load(tap, n), v);
    }
    part.store(y, v, n);
  }
}

/** Four pixels at a time, the last ones twice where four do not divide; three taps meet columns of x that the pixels share. */
function fours<P extends Lanes, S extends Stride>(
  y: usize,
  x: usize,
  w: usize,
  start: v128,
  start2: v128,
  pixels: i32,
  n: i32,
  yStep: usize,
  xStep: usize,
  n1: i32,
  xRow: usize,
  n2: i32,
  xTap: usize,
  wRow: usize,
  wTap: usize,
): void {
  const part = changetype<P>(0);
  const stride = changetype<S>(0).pixels();
  const two = part.vectors() == 2;
  for (let done = 0; done < pixels; done += 4) {
    const first = <usize>min(done, pixels - 4);
    let v0 = start;
    let v1 = start;
    let v2 = start;
    let v3 = start;
    let w0 = start2;
    let w1 = start2;
    let w2 = start2;
    let w3 = start2;
    let row = x + first * xStep;
    let taps = w;
    for (let i1 = n1; i1 > 0; i1--, row += xRow, taps += wRow) {
      let at = row;
      let tap = taps;
      let i2 = n2;
      for (; stride != 0 && i2 >= 3; i2 -= 3) {
        const t0 = part.load(tap, n);
        const u0 = two ? part.load(tap + 16, n) : t0;
        const t1 = part.load(tap + wTap, n);
        const u1 = two ? part.load(tap + wTap + 16, n) : t1;
        const t2 = part.load(tap + 2 * wTap, n);
        const u2 = two ? part.load(tap + 2 * wTap + 16, n) : t2;
        tap += 3 * wTap;
        const next = at + 3 * xTap;
        let c = part.load(at, n);
        let d = two ? part.load(at + 16, n) : c;
        v0 = madd(c, t0, v0);
        if (two) w0 = madd(d, u0, w0);
        at += xTap;
        c = part.load(at, n);
        d = two ? part.load(at + 16, n) : c;
        v0 = madd(c, t1, v0);
        if (two) w0 = madd(d, u1, w0);
        if (stride == 1) v1 = madd(c, t0, v1);
        if (two && stride == 1) w1 = madd(d, u0, w1);
        at += xTap;
        c = part.load(at, n);
        d = two ? part.load(at + 16, n) : c;
        v0 = madd(c, t2, v0);
        if (two) w0 = madd(d, u2, w0);
        v1 = madd(c, stride == 1 ? t1 : t0, v1);
        if (two) w1 = madd(d, stride == 1 ? u1 : u0, w1);
        if (stride == 1) v2 = madd(c, t0, v2);
        if (two && stride == 1) w2 = madd(d, u0, w2);
        at += xTap;
        c = part.load(at, n);
        d = two ? part.load(at + 16, n) : c;
        v1 = madd(c, stride == 1 ? t2 : t1, v1);
        if (two) w1 = madd(d, stride == 1 ? u2 : u1, w1);
        if (stride == 1) {
          v2 = madd(c, t1, v2);
          if (two) w2 = madd(d, u1, w2);
          v3 = madd(c, t0, v3);
          if (two) w3 = madd(d, u0, w3);
        }
        at += xTap;
        c = part.load(at, n);
        d = two ? part.load(at + 16, n) : c;
        if (stride == 1) {
          v2 = madd(c, t2, v2);
          if (two) w2 = madd(d, u2, w2);
          v3 = madd(c, t1, v3);
          if (two) w3 = madd(d, u1, w3);
        } else {
          v1 = madd(c, t2, v1);
          if (two) w1 = madd(d, u2, w1);
          v2 = madd(c, t0, v2);
          if (two) w2 = madd(d, u0, w2);
        }
        at += xTap;
        c = part.load(at, n);
        d = two ? part.load(at + 16, n) : c;
        if (stride == 1) {
          v3 = madd(c, t2, v3);
          if (two) w3 = madd(d, u2, w3);
        } else {
          v2 = madd(c, t1, v2);
          if (two) w2 = madd(d, u1, w2);
          at += xTap;
          c = part.load(at, n);
          d = two ? part.load(at + 16, n) : c;
          v2 = madd(c, t2, v2);
          if (two) w2 = madd(d, u2, w2);
          v3 = madd(c, t0, v3);
          if (two) w3 = madd(d, u0, w3);
          at += xTap;
          v3 = madd(part.load(at, n), t1, v3);
          if (two) w3 = madd(part.load(at + 16, n), u1, w3);
          at += xTap;
          v3 = madd(part.load(at, n), t2, v3);
          if (two) w3 = madd(part.load(at + 16, n), u2, w3);
        }
        at = next;
      }
      for (; i2 > 0; i2--, at += xTap, tap += wTap) {
        const t = part.load(tap, n);
        const u = two ? part.load(tap + 16, n) : t;
        v0 = madd(part.load(at, n), t, v0);
        if (two) w0 = madd(part.load(at + 16, n), u, w0);
        v1 = madd(part.load(at + xStep, n), t, v1);
        if (two) w1 = madd(part.load(at + xStep + 16, n), u, w1);
        v2 = madd(part.load(at + 2 * xStep, n), t, v2);
        if (two) w2 = madd(part.load(at + 2 * xStep + 16, n), u, w2);
        v3 = madd(part.load(at + 3 * xStep, n), t, v3);
        if (two) w3 = madd(part.load(at + 3 * xStep + 16, n), u, w3);
      }
    }
    const to = y + first * yStep;
    part.store(to, v0, n);
    if (two) part.store(to + 16, w0, n);
    part.store(to + yStep, v1, n);
    if (two) part.store(to + yStep + 16, w1, n);
    part.store(to + 2 * yStep, v2, n);
    if (two) part.store(to + 2 * yStep + 16, w2, n);
    part.store(to + 3 * yStep, v3, n);
    if (two) part.store(to + 3 * yStep + 16, w3, n);
  }
}
