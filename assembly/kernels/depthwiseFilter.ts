import { Lanes, Part, Whole } from '../lanes';
import { InAll, OutAll, shareStart } from '../share';
import { LANES, madd, splat } from '../simd';
import { fillSpan } from '../span';
import { Any, Double, Single, Stride } from '../stride';

/**
 * dw[n1, n2, c] = Σ x[pixel + tap, c]·dy[pixel, c] over B images, in blocks of `block` rows: the gradient of a filter whose taps
 * are d1 and d2 numbers apart in x. dy is [B, OH, OW, C]. Threads share the channels: unit is a multiple of 4.
 */
export function depthwiseFilter(
  dw: OutAll,
  x: InAll,
  dy: InAll,
  C: i32,
  unit: i32,
  n1: i32,
  d1: i32,
  n2: i32,
  d2: i32,
  B: i32,
  OH: i32,
  OW: i32,
  block: i32,
  xImage: i32,
  xRow: i32,
  xPixel: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(C, unit, tid, threads);
  const last = shareStart(C, unit, tid + 1, threads);
  const bytes = <usize>C * sizeof<real>();
  for (let tap: usize = 0; tap < <usize>(n1 * n2); tap++)
    fillSpan(dw + tap * bytes + <usize>first * sizeof<real>(), last - first, 0);
  for (let image = 0; image < B; image++) {
    for (let h = 0; h < OH; h += block) {
      const rows = min(block, OH - h);
      const dyi = dy + <usize>((image * OH + h) * OW) * bytes;
      const xi = x + (<usize>image * <usize>xImage + <usize>(h * xRow)) * sizeof<real>();
      for (let i1 = 0; i1 < n1; i1++) {
        const from = xi + <usize>(i1 * d1) * sizeof<real>();
        const to = dw + <usize>(i1 * n2) * bytes;
        let i2: usize = 0;
        for (; i2 + 3 <= <usize>n2; i2 += 3) {
          const at = from + i2 * <usize>d2 * sizeof<real>();
          addTaps(to + i2 * bytes, at, dyi, first, last, rows, OW, C, xRow, xPixel, d2, 3);
        }
        for (; i2 < <usize>n2; i2++) {
          const at = from + i2 * <usize>d2 * sizeof<real>();
          addTaps(to + i2 * bytes, at, dyi, first, last, rows, OW, C, xRow, xPixel, d2, 1);
        }
      }
    }
  }
}

/** Three neighbouring taps, or one, for the channels first … last − 1. */
function addTaps(
  dw: usize,
  x: usize,
  dy: usize,
  first: i32,
  last: i32,
  OH: i32,
  OW: i32,
  C: i32,
  xRow: i32,
  xPixel: i32,
  d2: i32,
  taps: i32,
): void {
  const bytes = <usize>C * sizeof<real>();
  const step = <usize>xPixel * sizeof<real>();
  const jump = <usize>(xRow - OW * xPixel) * sizeof<real>();
  const tap = <usize>d2 * sizeof<real>();
  for (let c = first; c < last; c += LANES) {
    const at = <usize>c * sizeof<real>();
    const n = last - c;
    if (n < LANES)
      addVector<Part>(dw + at, x + at, dy + at, OH, OW, step, jump, bytes, tap, taps, n);
    else addVector<Whole>(dw + at, x + at, dy + at, OH, OW, step, jump, bytes, tap, taps, n);
  }
}

function addVector<P extends Lanes>(
  dw: usize,
  x: usize,
  dy: usize,
  OH: i32,
  OW: i32,
  step: usize,
  jump: usize,
  bytes: usize,
  tap: usize,
  taps: i32,
  n: i32,
): void {
  if (taps == 1) addOne<P>(dw, x, dy, OH, OW, step, jump, bytes, n);
  else if (step == tap) addThree<P, Single>(dw, x, dy, OH, OW, step, jump, bytes, tap, n);
  else if (step == 2 * tap) addThree<P, Double>(dw, x, dy, OH, OW, step, jump, bytes, tap, n);
  else addThree<P, Any>(dw, x, dy, OH, OW, step, jump, bytes, tap, n);
}

/** Three pixels at a time, so that additions need not wait for each other; they share columns of x. */
function addThree<P extends Lanes, S extends Stride>(
  dw: usize,
  x: usize,
  dy: usize,
  OH: i32,
  OW: i32,
  step: usize,
  jump: usize,
  bytes: usize,
  tap: usize,
  n: i32,
): void {
  const part = changetype<P>(0);
  const stride = changetype<S>(0).pixels();
  let a0 = splat(0);
  let a1 = a0;
  let a2 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let c0 = a0;
  let c1 = a0;
  let c2 = a0;
  for (let h = OH; h > 0; h--, x += jump) {
    let i = OW;
    for (; i >= 3; i -= 3, x += 3 * step, dy += 3 * bytes) {
      const d0 = part.load(dy, n);
      const d1 = part.load(dy + bytes, n);
      const d2 = part.load(dy + 2 * bytes, n);
      let at = x;
      let v = part.load(at, n);
      a0 = madd(v, d0, a0);
      at += tap;
      v = part.load(at, n);
      b0 = madd(v, d0, b0);
      if (stride == 1) a1 = madd(v, d1, a1);
      at += tap;
      v = part.load(at, n);
      c0 = madd(v, d0, c0);
      if (stride == 0) {
        at = x + step;
        v = part.load(at, n);
      }
      if (stride == 1) {
        b1 = madd(v, d1, b1);
        a2 = madd(v, d2, a2);
      } else a1 = madd(v, d1, a1);
      at += tap;
      v = part.load(at, n);
      if (stride == 1) {
        c1 = madd(v, d1, c1);
        b2 = madd(v, d2, b2);
      } else b1 = madd(v, d1, b1);
      at += tap;
      v = part.load(at, n);
      if (stride == 1) c2 = madd(v, d2, c2);
      else {
        c1 = madd(v, d1, c1);
        if (stride == 0) {
          at = x + 2 * step;
          v = part.load(at, n);
        }
        a2 = madd(v, d2, a2);
        at += tap;
        b2 = madd(part.load(at, n), d2, b2);
        at += tap;
        c2 = madd(part.load(at, n), d2, c2);
      }
    }
    for (; i > 0; i--, x += step, dy += bytes) {
      const d = part.load(dy, n);
      a0 = madd(part.load(x, n), d, a0);
      b0 = madd(part.load(x + tap, n), d, b0);
      c0 = madd(part.load(x + 2 * tap, n), d, c0);
    }
  }
  add<P>(dw, v128.add<real>(v128.add<real>(a0, a1), a2), n);
  add<P>(dw + bytes, v128.add<real>(v128.add<real>(b0, b1), b2), n);
  add<P>(dw + 2 * bytes, v128.add<real>(v128.add<real>(c0, c1), c2), n);
}

/** One tap; pixels go to three sums in turn. */
function addOne<P extends Lanes>(
  dw: usize,
  x: usize,
  dy: usize,
  OH: i32,
  OW: i32,
  step: usize,
  jump: usize,
  bytes: usize,
  n: i32,
): void {
  const part = changetype<P>(0);
  let v0 = splat(0);
  let v1 = v0;
  let v2 = v0;
  for (let h = OH; h > 0; h--, x += jump) {
    let i = OW;
    for (; i >= 3; i -= 3, x += 3 * step, dy += 3 * bytes) {
      v0 = madd(part.load(x, n), part.load(dy, n), v0);
      v1 = madd(part.load(x + step, n), part.load(dy + bytes, n), v1);
      v2 = madd(part.load(x + 2 * step, n), part.load(dy + 2 * bytes, n), v2);
    }
    for (; i > 0; i--, x += step, dy += bytes) v0 = madd(part.load(x, n), part.load(dy, n), v0);
  }
  add<P>(dw, v128.add<real>(v128.add<real>(v0, v1), v2), n);
}

function add<P extends Lanes>(dw: usize, sum: v128, n: i32): void {
  const part = changetype<P>(0);
  part.store(dw, v128.add<real>(part.load(dw, n), sum), n);
}
