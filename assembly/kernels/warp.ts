import { In, Out, shareStart } from '../share';

const REAL: usize = sizeof<real>();
const MAP: usize = 6 * REAL;

/** Coordinates outside of ±FAR are cut off: no image is as large. */
const FAR: f64 = 16777216;

const NEAREST: i32 = 1;
const REFLECT: i32 = 2;

/**
 * y[b, i, j] = x[b] at column u and row v, between its four neighbours (bilinear): (u, v) = maps[b]·(j, i, 1), to which
 * the field of `knots` is added. x [B, H, W, C], y [B, OH, OW, C], maps [B, 6] = [a b c; d e f]. Beyond the edges: 0
 * `fill`, 1 the nearest pixel, 2 the image mirrored at its edge. knots [B, KH, KW, 2] (0: none) are displacements of u
 * and v, `spacing` pixels apart from one before the first pixel on, joined by cubic B-splines. scratch [B, KW, 2].
 */
export function warp(
  y: Out,
  x: In,
  maps: In,
  knots: In,
  scratch: Out,
  B: i32,
  unit: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  KH: i32,
  KW: i32,
  spacing: real,
  mode: i32,
  fill: real,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(B, unit, tid + 1, threads);
  const bytes = <usize>(H * W * C) * REAL;
  const lineBytes = <usize>(OW * C) * REAL;
  const knotBytes = <usize>(2 * KW) * REAL;
  for (let b = shareStart(B, unit, tid, threads); b < last; b++) {
    const at = <usize>b;
    const bent: usize = knots == 0 ? 0 : scratch + at * knotBytes;
    const field = knots + at * <usize>KH * knotBytes;
    for (let i = 0; i < OH; i++) {
      if (bent) blendRows(bent, field, i, KW, spacing);
      const line = y + (at * <usize>OH + <usize>i) * lineBytes;
      warpLine(line, x + at * bytes, maps + at * MAP, bent, i, H, W, C, OW, spacing, mode, fill);
    }
  }
}

/** Knots of image row i: those of four rows, weighted. */
function blendRows(to: usize, knots: usize, i: i32, KW: i32, spacing: real): void {
  const at = <real>i / spacing;
  const k = floor(at);
  const t = at - k;
  const bytes = <usize>(2 * KW) * REAL;
  knots += <usize>k * bytes;
  const w0 = spline0(t);
  const w1 = spline1(t);
  const w2 = spline1(<real>1 - t);
  const w3 = spline0(<real>1 - t);
  for (const end = to + bytes; to < end; to += REAL, knots += REAL) {
    const upper = w0 * load<real>(knots) + w1 * load<real>(knots + bytes);
    const lower = w2 * load<real>(knots + 2 * bytes) + w3 * load<real>(knots + 3 * bytes);
    store<real>(to, upper + lower);
  }
}

/** (1 − t)³/6 */
function spline0(t: real): real {
  const s = <real>1 - t;
  return (s * s * s) / <real>6;
}

/** (3t³ − 6t² + 4)/6 */
function spline1(t: real): real {
  return (t * t * (<real>3 * t - <real>6) + <real>4) / <real>6;
}

function warpLine(
  y: usize,
  x: usize,
  map: usize,
  bent: usize,
  i: i32,
  H: i32,
  W: i32,
  C: i32,
  OW: i32,
  spacing: real,
  mode: i32,
  fill: real,
): void {
  const a = <f64>load<real>(map);
  const d = <f64>load<real>(map + 3 * REAL);
  const u0 = <f64>load<real>(map + REAL) * <f64>i + <f64>load<real>(map + 2 * REAL);
  const v0 = <f64>load<real>(map + 4 * REAL) * <f64>i + <f64>load<real>(map + 5 * REAL);
  const pixel = <usize>C * REAL;
  for (let j = 0; j < OW; j++, y += pixel) {
    let u = a * <f64>j + u0;
    let v = d * <f64>j + v0;
    if (bent) {
      const at = <real>j / spacing;
      const k = floor(at);
      const near = bent + 2 * <usize>k * REAL;
      u += <f64>bend(near, at - k);
      v += <f64>bend(near + REAL, at - k);
    }
    samplePixel(y, x, u, v, H, W, C, mode, fill);
  }
}

/** The field's component between four knots. */
function bend(knots: usize, t: real): real {
  const near = spline0(t) * load<real>(knots) + spline1(t) * load<real>(knots + 2 * REAL);
  const far =
    spline1(<real>1 - t) * load<real>(knots + 4 * REAL) +
    spline0(<real>1 - t) * load<real>(knots + 6 * REAL);
  return near + far;
}

function samplePixel(
  y: usize,
  x: usize,
  u: f64,
  v: f64,
  H: i32,
  W: i32,
  C: i32,
  mode: i32,
  fill: real,
): void {
  if (!(abs(u) < FAR)) u = u > 0 ? FAR : -FAR;
  if (!(abs(v) < FAR)) v = v > 0 ? FAR : -FAR;
  const fu = floor(u);
  const fv = floor(v);
  const j = <i32>fu;
  const i = <i32>fv;
  const s = <real>(u - fu);
  const t = <real>(v - fv);
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
