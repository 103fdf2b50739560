import { In, Out, shareStart } from '../share';
import { LANES, loadUpTo, madd, splat, storeUpTo } from '../simd';

const REAL: usize = sizeof<real>();
const MAP: usize = 6 * REAL;

/** Coordinates outside of ±FAR are cut off: no image is as large. */
const FAR: real = 16777216;

const NEAREST: i32 = 1;
const REFLECT: i32 = 2;

/**
 * y[b, i, j] = x[b] at column u and row v, between its four neighbours (bilinear): (u, v) = maps[b]·(j, i, 1) +
 * field[b, :, i, j]. x [B, H, W, C], y [B, OH, OW, C], maps [B, 6], field [B, 2, OH, OW] (0: none). Beyond the edges:
 * mode 0 `fill`, 1 the nearest pixel, 2 the image mirrored at its edge. `rounded`: u and v to whole numbers first.
 */
export function warp(
  y: Out,
  x: In,
  maps: In,
  field: In,
  B: i32,
  unit: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  mode: i32,
  fill: real,
  rounded: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(B, unit, tid + 1, threads);
  const plane = <usize>(OH * OW) * REAL;
  const line = <usize>OW * REAL;
  for (let b = shareStart(B, unit, tid, threads); b < last; b++) {
    const at = <usize>b;
    const image = x + at * <usize>(H * W * C) * REAL;
    const to = y + at * plane * <usize>C;
    const bend: usize = field == 0 ? 0 : field + 2 * at * plane;
    for (let i = 0; i < OH; i++) {
      const row = <usize>i * line;
      const moved: usize = bend == 0 ? 0 : bend + row;
      warpLine(
        to + row * <usize>C,
        image,
        maps + at * MAP,
        moved,
        plane,
        i,
        H,
        W,
        C,
        OW,
        mode,
        fill,
        rounded,
      );
    }
  }
}

/** x in [−FAR, FAR]; FAR for NaN. */
function bounded(x: v128): v128 {
  return v128.pmax<real>(splat(-FAR), v128.pmin<real>(splat(FAR), x));
}

/** Whole reals as i32, in the lower lanes. */
function whole(x: v128): v128 {
  return sizeof<real>() == 8 ? v128.trunc_sat_zero<i32>(x) : v128.trunc_sat<i32>(x);
}

function warpLine(
  y: usize,
  x: usize,
  map: usize,
  moved: usize,
  plane: usize,
  i: i32,
  H: i32,
  W: i32,
  C: i32,
  OW: i32,
  mode: i32,
  fill: real,
  rounded: i32,
): void {
  const a = splat(load<real>(map));
  const d = splat(load<real>(map + 3 * REAL));
  const u0 = splat(load<real>(map + REAL) * <real>i + load<real>(map + 2 * REAL));
  const v0 = splat(load<real>(map + 4 * REAL) * <real>i + load<real>(map + 5 * REAL));
  const ramp = sizeof<real>() == 8 ? f64x2(0, 1) : f32x4(0, 1, 2, 3);
  const pixel = <usize>C * REAL;
  const columns = v128.splat<i32>(W);
  const lastColumn = v128.splat<i32>(W - 1);
  const lastRow = v128.splat<i32>(H - 1);
  for (let j = 0; j < OW; j += LANES, y += <usize>LANES * pixel) {
    const at = v128.add<real>(splat(<real>j), ramp);
    let u = madd(a, at, u0);
    let v = madd(d, at, v0);
    if (moved) {
      u = v128.add<real>(u, loadUpTo(moved + <usize>j * REAL, OW - j));
      v = v128.add<real>(v, loadUpTo(moved + plane + <usize>j * REAL, OW - j));
    }
    u = bounded(u);
    v = bounded(v);
    if (rounded) {
      u = v128.floor<real>(v128.add<real>(u, splat(0.5)));
      v = v128.floor<real>(v128.add<real>(v, splat(0.5)));
    }
    const fu = v128.floor<real>(u);
    const fv = v128.floor<real>(v);
    const s = v128.sub<real>(u, fu);
    const t = v128.sub<real>(v, fv);
    const left = whole(fu);
    const top = whole(fv);
    const inside = v128.and(v128.lt<u32>(left, lastColumn), v128.lt<u32>(top, lastRow));
    if (C == 1 && v128.all_true<i32>(inside)) {
      const place = v128.add<i32>(v128.mul<i32>(top, columns), left);
      storeUpTo(y, blendLanes(x, place, <usize>W * REAL, s, t), OW - j);
    } else {
      pixels(y, x, left, top, s, t, min(OW - j, LANES), H, W, C, mode, fill);
    }
  }
}

/** Pixels of one channel inside of the image: those at `place`, right of it, and a line below. */
function blendLanes(x: usize, place: v128, line: usize, s: v128, t: v128): v128 {
  const p0 = x + <usize>v128.extract_lane<i32>(place, 0) * REAL;
  const p1 = x + <usize>v128.extract_lane<i32>(place, 1) * REAL;
  if (sizeof<real>() == 8) {
    const a = v128.load(p0);
    const b = v128.load(p1);
    const c = v128.load(p0 + line);
    const d = v128.load(p1 + line);
    const upper = between(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3), s);
    return between(
      upper,
      between(v128.shuffle<i64>(c, d, 0, 2), v128.shuffle<i64>(c, d, 1, 3), s),
      t,
    );
  }
  const p2 = x + <usize>v128.extract_lane<i32>(place, 2) * REAL;
  const p3 = x + <usize>v128.extract_lane<i32>(place, 3) * REAL;
  const a = pairs(p0, p1);
  const b = pairs(p2, p3);
  const c = pairs(p0 + line, p1 + line);
  const d = pairs(p2 + line, p3 + line);
  const upper = between(
    v128.shuffle<i32>(a, b, 0, 2, 4, 6),
    v128.shuffle<i32>(a, b, 1, 3, 5, 7),
    s,
  );
  const lower = between(
    v128.shuffle<i32>(c, d, 0, 2, 4, 6),
    v128.shuffle<i32>(c, d, 1, 3, 5, 7),
    s,
  );
  return between(upper, lower, t);
}

/** Two words from each place. */
function pairs(p: usize, q: usize): v128 {
  return v128.replace_lane<u64>(v128.splat<u64>(load<u64>(p)), 1, load<u64>(q));
}

/** a + t·(b − a) */
function between(a: v128, b: v128, t: v128): v128 {
  return madd(t, v128.sub<real>(b, a), a);
}

/** The first `count` pixels of the lanes, anywhere. */
function pixels(
  y: usize,
  x: usize,
  left: v128,
  top: v128,
  s: v128,
  t: v128,
  count: i32,
  H: i32,
  W: i32,
  C: i32,
  mode: i32,
  fill: real,
): void {
  for (let k = 0; k < count; k++, y += <usize>C * REAL) {
    const j = v128.extract_lane<i32>(left, 0);
    const i = v128.extract_lane<i32>(top, 0);
    const part = v128.extract_lane<real>(s, 0);
    samplePixel(y, x, j, i, part, v128.extract_lane<real>(t, 0), H, W, C, mode, fill);
    left = v128.shuffle<i32>(left, left, 1, 2, 3, 0);
    top = v128.shuffle<i32>(top, top, 1, 2, 3, 0);
    s = nextLane(s);
    t = nextLane(t);
  }
}

/** Lane k + 1 in lane k. */
function nextLane(v: v128): v128 {
  return sizeof<real>() == 8 ? v128.shuffle<i64>(v, v, 1, 0) : v128.shuffle<i32>(v, v, 1, 2, 3, 0);
}

function samplePixel(
  y: usize,
  x: usize,
  j: i32,
  i: i32,
  s: real,
  t: real,
  H: i32,
  W: i32,
  C: i32,
  mode: i32,
  fill: real,
): void {
  const line = <usize>(W * C) * REAL;
  const pixel = <usize>C * REAL;
  if (<u32>j < <u32>(W - 1) && <u32>i < <u32>(H - 1)) {
    const p = x + <usize>i * line + <usize>j * pixel;
    blend(y, p, p + pixel, p + line, p + line + pixel, C, s, t, fill);
    return;
  }
  const upper = place(i, H, mode);
  const lower = place(i + 1, H, mode);
  const left = place(j, W, mode);
  const right = place(j + 1, W, mode);
  const p = x + <usize>upper * line;
  const q = x + <usize>lower * line;
  const l = <usize>left * pixel;
  const r = <usize>right * pixel;
  const above = upper >= 0;
  const below = lower >= 0;
  blend(
    y,
    above && left >= 0 ? p + l : 0,
    above && right >= 0 ? p + r : 0,
    below && left >= 0 ? q + l : 0,
    below && right >= 0 ? q + r : 0,
    C,
    s,
    t,
    fill,
  );
}

/** Pixel of 0 … n − 1 that stands for pixel i of the plane; −1: none. */
function place(i: i32, n: i32, mode: i32): i32 {
  if (<u32>i < <u32>n) return i;
  if (mode == NEAREST) return i < 0 ? 0 : n - 1;
  if (mode != REFLECT) return -1;
  const turn = 2 * n;
  const k = ((i % turn) + turn) % turn;
  return k < n ? k : turn - 1 - k;
}

/** Between four pixels, of which 0 is the filling. */
function blend(
  y: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  C: i32,
  s: real,
  t: real,
  fill: real,
): void {
  for (let k: usize = 0; k < <usize>C * REAL; k += REAL) {
    const va = a ? load<real>(a + k) : fill;
    const vb = b ? load<real>(b + k) : fill;
    const vc = c ? load<real>(c + k) : fill;
    const vd = d ? load<real>(d + k) : fill;
    const upper = va + s * (vb - va);
    const lower = vc + s * (vd - vc);
    store<real>(y + k, upper + t * (lower - upper));
  }
}

/** y[b, i, j] = 1 where top ≤ i < top + height and left ≤ j < left + width, else 0; boxes [B, 4] top, left, height, width. */
export function boxMask(
  y: Out,
  boxes: In,
  B: i32,
  unit: i32,
  H: i32,
  W: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(B, unit, tid + 1, threads);
  for (let b = shareStart(B, unit, tid, threads); b < last; b++) {
    const box = boxes + <usize>b * 4 * REAL;
    const top = load<real>(box);
    const left = load<real>(box + REAL);
    const bottom = top + load<real>(box + 2 * REAL);
    const right = left + load<real>(box + 3 * REAL);
    let to = y + <usize>(b * H * W) * REAL;
    for (let i = 0; i < H; i++) {
      const inside = <real>i >= top && <real>i < bottom;
      for (let j = 0; j < W; j++, to += REAL)
        store<real>(to, inside && <real>j >= left && <real>j < right ? 1 : 0);
    }
  }
}
