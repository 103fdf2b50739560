import { activate } from '../activate';
import { NR } from '../layout';
import { ACCUMULATE, RELU, STORE } from '../rows';
import { multiplyPixels, multiplyRows } from '../rowTile';
import { InAll, Out, OutAll, shareStart } from '../share';
import { LANES, loadUpTo } from '../simd';
import { copyBytes, fillSpan } from '../span';

/**
 * y[image, row, WP, C] = x[image, row − top, …] with zeros around: pictures [H, W, C] in larger ones [HP, WP, C], the
 * first row at `top`, the first column at `left`. rows = images · HP.
 */
export function padImage(
  y: Out,
  x: InAll,
  rows: i32,
  unit: i32,
  HP: i32,
  WP: i32,
  H: i32,
  W: i32,
  C: i32,
  top: i32,
  left: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(rows, unit, tid, threads);
  const last = shareStart(rows, unit, tid + 1, threads);
  const from = <usize>(W * C) * sizeof<real>();
  for (let row = first; row < last; row++) {
    const image = row / HP;
    const h = row - image * HP - top;
    let at = y + <usize>row * <usize>(WP * C) * sizeof<real>();
    if (h < 0 || h >= H) fillSpan(at, WP * C, 0);
    else {
      fillSpan(at, left * C, 0);
      at += <usize>(left * C) * sizeof<real>();
      copyBytes(at, x + <usize>(image * H + h) * from, from);
      fillSpan(at + from, (WP - left - W) * C, 0);
    }
  }
}

/**
 * The places of the rows (i1, i2, i3), n3 the fastest: for each two u32, the bytes i1·a1 + i2·a2 + i3·a3 and
 * i1·c1 + i2·c2 + i3·c3, strides in numbers.
 */
export function placeRows(
  places: Out,
  n: i32,
  unit: i32,
  n2: i32,
  n3: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  c1: i32,
  c2: i32,
  c3: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i++) {
    const i3 = i % n3;
    const i2 = (i / n3) % n2;
    const i1 = i / (n3 * n2);
    const at = places + ((<usize>i) << 3);
    store<u32>(at, (i1 * a1 + i2 * a2 + i3 * a3) * <i32>sizeof<real>());
    store<u32>(at, (i1 * c1 + i2 * c2 + i3 * c3) * <i32>sizeof<real>(), 4);
  }
}

/**
 * bp[group][panel][i1, i2, i3][NR] = w[group·sGroup + i1·s1 + i2·s2 + i3·s3 + n·sN]: the columns n of each group's filter
 * in panels of NR, the last one padded with zeros. columns = groups · N rounded up to panels.
 */
export function packFilter(
  bp: Out,
  w: InAll,
  columns: i32,
  unit: i32,
  N: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  sGroup: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  sN: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(columns, unit, tid + 1, threads);
  const wide = ((N + NR - 1) / NR) * NR;
  const K = n1 * n2 * n3;
  for (let i = shareStart(columns, unit, tid, threads); i < last; i += NR) {
    const group = i / wide;
    const n = i - group * wide;
    const cols = min(NR, N - n);
    let to = bp + <usize>i * <usize>K * sizeof<real>();
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        const at = group * sGroup + i1 * s1 + i2 * s2 + n * sN;
        const from = w + <usize>at * sizeof<real>();
        packRun(to, from, n3, <usize>s3 * sizeof<real>(), <usize>sN * sizeof<real>(), cols);
        to += <usize>(n3 * NR) * sizeof<real>();
      }
    }
  }
}

function packRun(to: usize, from: usize, n: i32, step: usize, column: usize, cols: i32): void {
  for (; n > 0; n--, from += step, to += NR * sizeof<real>()) {
    if (column == sizeof<real>()) {
      for (let n = 0; n < NR; n += LANES) {
        const at = <usize>n * sizeof<real>();
        v128.store(to + at, loadUpTo(from + at, cols - n));
      }
    } else {
      const end = to + <usize>cols * sizeof<real>();
      let x = from;
      let t = to;
      for (; t < end; t += sizeof<real>(), x += column) store<real>(t, load<real>(x));
      for (; t < to + NR * sizeof<real>(); t += sizeof<real>()) store<real>(t, 0);
    }
  }
}

/**
 * y[image, pixel, group, N] = act(Σ x[…]·bp + bias): each pixel of an image is the sum over n1 · n2 runs of `steps` numbers
 * of x, d1 and d2 numbers apart, times the filter of its group (packFilter). `places` has the
 * pixels (placeRows); rows = images · QH, each of QW pixels. Groups lie N apart in y, `steps` in x.
 * activation as in gemm; sigmoid and tanh only where the pixels of y are neighbours.
 */
export function conv(
  y: OutAll,
  x: InAll,
  bp: InAll,
  bias: InAll,
  places: InAll,
  rows: i32,
  unit: i32,
  QH: i32,
  QW: i32,
  yImage: i32,
  xImage: i32,
  groups: i32,
  N: i32,
  n1: i32,
  d1: i32,
  n2: i32,
  d2: i32,
  steps: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  const panel = <usize>(n1 * n2 * steps) * NR * sizeof<real>();
  if (n2 == 1) {
    n2 = n1;
    d2 = d1;
    n1 = 1;
  }
  const jump2 = (<isize>d2 - steps) * sizeof<real>();
  const jump1 = (<isize>d1 - n2 * d2) * sizeof<real>();
  const finish = activation == 1 ? RELU : STORE;
  for (let row = shareStart(rows, unit, tid, threads); row < last; ) {
    const image = row / QH;
    const first = (row - image * QH) * QW;
    const pixels = min(QH, last - image * QH) * QW - first;
    const at = places + ((<usize>first) << 3);
    let yi = y + <usize>image * <usize>yImage * sizeof<real>();
    let xi = x + <usize>image * <usize>xImage * sizeof<real>();
    let b = bp;
    let v = bias;
    for (let g = 0; g < groups; g++, xi += <usize>steps * sizeof<real>()) {
      for (let n = 0; n < N; n += NR, b += panel) {
        const cols = min(NR, N - n);
        multiplyRows(at, yi, xi, b, v, n1, n2, steps, jump1, jump2, 0, pixels, cols, finish, tid);
        yi += <usize>cols * sizeof<real>();
        if (v != 0) v += <usize>cols * sizeof<real>();
      }
    }
    if (activation > 1) {
      const F = <usize>(groups * N) * sizeof<real>();
      const start = y + <usize>image * <usize>yImage * sizeof<real>() + <usize>first * F;
      activate(start, pixels, groups * N, F, activation);
    }
    row = (image + 1) * QH;
  }
}

/**
 * dw[part, K, F] = Σ x[pixel + place of k]·dy[pixel, F] over the images of each part, in blocks of `block` rows of pixels: the
 * gradient of a filter. `places` has the rows k of x and dw; dy is [B, OH, OW, F]; rows = parts · K.
 * Groups lie `steps` apart in x, N in dy and dw. Up to a vector behind dy is read and left unused.
 */
export function convFilter(
  dw: OutAll,
  x: InAll,
  dy: InAll,
  places: InAll,
  rows: i32,
  unit: i32,
  K: i32,
  B: i32,
  OH: i32,
  OW: i32,
  block: i32,
  xImage: i32,
  xRow: i32,
  xPixel: i32,
  groups: i32,
  N: i32,
  steps: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  const parts = rows / max(1, K);
  const size = <usize>(K * groups * N) * sizeof<real>();
  for (let row = shareStart(rows, unit, tid, threads); row < last; ) {
    const part = row / K;
    const k = row - part * K;
    const count = min(K, last - part * K) - k;
    const to = dw + <usize>part * size;
    const start = (part * B) / parts;
    const end = ((part + 1) * B) / parts;
    const at = places + ((<usize>k) << 3);
    if (start == end || OH * OW == 0)
      fillSpan(to + <usize>(k * groups * N) * sizeof<real>(), count * groups * N, 0);
    for (let image = start; image < end; image++) {
      for (let h = 0; h < OH; h += block) {
        const xi = x + (<usize>image * <usize>xImage + <usize>(h * xRow)) * sizeof<real>();
        const dyi = dy + <usize>(image * OH + h) * <usize>(OW * groups * N) * sizeof<real>();
        const finish = image > start || h > 0 ? ACCUMULATE : STORE;
        const high = min(block, OH - h);
        filterBlock(to, xi, dyi, at, count, high, OW, xRow, xPixel, groups, N, steps, finish, tid);
      }
    }
    row = (part + 1) * K;
  }
}

function filterBlock(
  dw: usize,
  x: usize,
  dy: usize,
  places: usize,
  rows: i32,
  OH: i32,
  OW: i32,
  xRow: i32,
  xPixel: i32,
  groups: i32,
  N: i32,
  steps: i32,
  finish: i32,
  tid: i32,
): void {
  const jump = (<isize>xRow - OW * xPixel) * sizeof<real>();
  const aStep = <usize>xPixel * sizeof<real>();
  const bStep = <usize>(groups * N) * sizeof<real>();
  for (let g = 0; g < groups; g++, x += <usize>steps * sizeof<real>()) {
    for (let n = 0; n < N; n += NR) {
      const cols = min(NR, N - n);
      multiplyPixels(places, dw, x, dy, OH, OW, jump, aStep, bStep, rows, cols, finish, tid);
      dw += <usize>cols * sizeof<real>();
      dy += <usize>cols * sizeof<real>();
    }
  }
}
