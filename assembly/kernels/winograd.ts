import { activate } from '../activate';
import { NR } from '../layout';
import { ACCUMULATE, RELU, STORE } from '../rows';
import { multiplyPixels, multiplyRows } from '../rowTile';
import { In, InAll, Out, OutAll, shareStart } from '../share';
import { LANES, loadUpTo } from '../simd';
import { fillSpan } from '../span';
import { filterGradLine, filterLine, PLANES, SIDE } from '../winograd';
import { planeBytes, planesBytes, tilesBack, tilesIn, tilesOut } from '../winogradTiles';

/*
 * Convolutions of 3 × 3 taps with stride 1 by Winograd's F(4×4, 3×3): x [images, H, W, C], `top` rows and `left` columns of zeros
 * around it, y [images, OH, OW, N], C and N multiples of LANES. Of scratch each thread has `slot` numbers: planes of `block` tiles of x, then of NR
 * columns of y, then C + NR zeros. Filters lie as u[panel][plane][C][NR], a gap behind each plane.
 */

/**
 * u = G g Gᵀ of each filter g [3, 3], whose elements are at y·sY + x·sX + c·sC + n·sN; the last panel is padded with zeros.
 * columns = N rounded up to panels.
 */
export function winogradFilter(
  u: Out,
  w: InAll,
  columns: i32,
  unit: i32,
  N: i32,
  C: i32,
  sY: i32,
  sX: i32,
  sC: i32,
  sN: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(columns, unit, tid + 1, threads);
  const plane = planeBytes(C, NR);
  for (let n = shareStart(columns, unit, tid, threads); n < last; n += NR) {
    const panel = u + <usize>(n / NR) * planesBytes(C, NR);
    for (let c = 0; c < C; c++) {
      for (let i = 0; i < NR; i += LANES) {
        const from = w + (<isize>c * sC + <isize>(n + i) * sN) * sizeof<real>();
        const to = panel + <usize>(c * NR + i) * sizeof<real>();
        filterTile(to, plane, from, sY, sX, sN, N - n - i);
      }
    }
  }
}

function filterTile(to: usize, plane: usize, g: usize, sY: i32, sX: i32, sN: i32, n: i32): void {
  const down = <isize>sY * sizeof<real>();
  for (let x = 0; x < 3; x++) {
    const at = g + <isize>(x * sX) * sizeof<real>();
    const g0 = columnsAt(at, sN, n);
    const g1 = columnsAt(at + down, sN, n);
    const g2 = columnsAt(at + 2 * down, sN, n);
    filterLine(g0, g1, g2, to + <usize>x * plane, 6 * plane);
  }
  for (let y = 0; y < 6; y++, to += 6 * plane) {
    filterLine(v128.load(to), v128.load(to + plane), v128.load(to + 2 * plane), to, plane);
  }
}

/** An element of `n` filters; zeros in place of those that do not exist. */
function columnsAt(at: usize, sN: i32, n: i32): v128 {
  if (sN == 1) return loadUpTo(at, n);
  const step = <isize>sN * sizeof<real>();
  let v = v128.splat<real>(0);
  if (n > 0) v = v128.replace_lane<real>(v, 0, load<real>(at));
  if (n > 1) v = v128.replace_lane<real>(v, 1, load<real>(at + step));
  if (sizeof<real>() == 8) return v;
  if (n > 2) v = v128.replace_lane<real>(v, sizeof<real>() == 8 ? 0 : 2, load<real>(at + 2 * step));
  if (n > 3) v = v128.replace_lane<real>(v, sizeof<real>() == 8 ? 0 : 3, load<real>(at + 3 * step));
  return v;
}

/**
 * y = act(convolution of x by u (winogradFilter) + bias). rows = images · rows of tiles; `places` has the rows of a block
 * (placeRows: C apart in A, NR in C); activation as in gemm. Threads share whole images: unit is a multiple of their rows.
 */
export function winograd(
  y: Out,
  x: In,
  u: InAll,
  bias: InAll,
  places: InAll,
  scratch: OutAll,
  rows: i32,
  unit: i32,
  block: i32,
  slot: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  N: i32,
  top: i32,
  left: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(rows, unit, tid, threads);
  const last = shareStart(rows, unit, tid + 1, threads);
  const own = scratch + <usize>(tid * slot) * sizeof<real>();
  convolve(
    y,
    x,
    u,
    bias,
    places,
    own,
    first,
    last,
    block,
    H,
    W,
    C,
    OH,
    OW,
    N,
    top,
    left,
    activation,
    tid,
  );
}

/** The same where threads share rows of tiles. */
export function winogradRows(
  y: OutAll,
  x: InAll,
  u: InAll,
  bias: InAll,
  places: InAll,
  scratch: OutAll,
  rows: i32,
  unit: i32,
  block: i32,
  slot: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  N: i32,
  top: i32,
  left: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(rows, unit, tid, threads);
  const last = shareStart(rows, unit, tid + 1, threads);
  const own = scratch + <usize>(tid * slot) * sizeof<real>();
  convolve(
    y,
    x,
    u,
    bias,
    places,
    own,
    first,
    last,
    block,
    H,
    W,
    C,
    OH,
    OW,
    N,
    top,
    left,
    activation,
    tid,
  );
}

/** Rows of tiles from `first` to `last`. */
function convolve(
  y: usize,
  x: usize,
  u: usize,
  bias: usize,
  places: usize,
  scratch: usize,
  first: i32,
  last: i32,
  block: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  N: i32,
  top: i32,
  left: i32,
  activation: i32,
  tid: i32,
): void {
  const across = (OW + SIDE - 1) / SIDE;
  const down = (OH + SIDE - 1) / SIDE;
  const tiles = down * across;
  const m = scratch + planesBytes(block, C);
  const zeros = m + planesBytes(block, NR);
  const panel = planesBytes(C, NR);
  const finish = activation == 1 ? RELU : STORE;
  fillSpan(zeros, C, 0);
  const end = last * across;
  for (let tile = first * across; tile < end; tile += block) {
    const count = min(block, end - tile);
    tilesIn(scratch, x, zeros, tile, count, block, tiles, across, H, W, C, top, left);
    let un = u;
    for (let n = 0; n < N; n += NR, un += panel) {
      const cols = min(NR, N - n);
      const at = <usize>n * sizeof<real>();
      const own = bias != 0 ? bias + at : 0;
      products(m, scratch, un, places, count, block, C, cols, tid);
      tilesOut(y + at, m, own, tile, count, block, tiles, across, OH, OW, N, cols, finish);
    }
  }
  if (activation > 1) {
    const row = <usize>N * sizeof<real>();
    const start = (first / down) * OH + (first % down) * SIDE;
    const stop = (last / down) * OH + (last % down) * SIDE;
    activate(y + <usize>(start * OW) * row, (stop - start) * OW, N, row, activation);
  }
}

/** M = V·U, plane by plane. */
function products(
  m: usize,
  v: usize,
  u: usize,
  places: usize,
  count: i32,
  block: i32,
  C: i32,
  cols: i32,
  tid: i32,
): void {
  const vPlane = planeBytes(block, C);
  const mPlane = planeBytes(block, NR);
  const uPlane = planeBytes(C, NR);
  for (let i = 0; i < PLANES; i++, m += mPlane, v += vPlane, u += uPlane) {
    multiplyRows(places, m, v, u, 0, 1, 1, C, 0, 0, 0, count, cols, STORE, tid);
  }
}

/**
 * du[part] = Σ Vᵀ·(A dy Aᵀ) over the tiles of each part of the images, panels as u: the gradient of u. `places` has the rows of a plane of
 * it (placeRows: 1 apart in A, NR in C). Every part has images.
 */
export function winogradFilterGrad(
  du: Out,
  x: InAll,
  dy: InAll,
  places: InAll,
  scratch: OutAll,
  parts: i32,
  unit: i32,
  images: i32,
  block: i32,
  slot: i32,
  H: i32,
  W: i32,
  C: i32,
  OH: i32,
  OW: i32,
  N: i32,
  top: i32,
  left: i32,
  tid: i32,
  threads: i32,
): void {
  const across = (OW + SIDE - 1) / SIDE;
  const tiles = ((OH + SIDE - 1) / SIDE) * across;
  const v = scratch + <usize>(tid * slot) * sizeof<real>();
  const m = v + planesBytes(block, C);
  const zeros = m + planesBytes(block, NR);
  const panel = planesBytes(C, NR);
  fillSpan(zeros, C + NR, 0);
  const last = shareStart(parts, unit, tid + 1, threads);
  for (let part = shareStart(parts, unit, tid, threads); part < last; part++) {
    const start = ((part * images) / parts) * tiles;
    const end = (((part + 1) * images) / parts) * tiles;
    const to = du + <usize>part * <usize>((N + NR - 1) / NR) * panel;
    for (let tile = start; tile < end; tile += block) {
      const count = min(block, end - tile);
      const finish = tile > start ? ACCUMULATE : STORE;
      tilesIn(v, x, zeros, tile, count, block, tiles, across, H, W, C, top, left);
      for (let n = 0; n < N; n += NR) {
        const cols = min(NR, N - n);
        const dyn = dy + <usize>n * sizeof<real>();
        tilesBack(m, dyn, zeros, tile, count, block, tiles, across, OH, OW, N, cols);
        transposedProducts(
          to + <usize>(n / NR) * panel,
          v,
          m,
          places,
          count,
          block,
          C,
          cols,
          finish,
          tid,
        );
      }
    }
  }
}

function transposedProducts(
  du: usize,
  v: usize,
  m: usize,
  places: usize,
  count: i32,
  block: i32,
  C: i32,
  cols: i32,
  finish: i32,
  tid: i32,
): void {
  const vPlane = planeBytes(block, C);
  const mPlane = planeBytes(block, NR);
  const uPlane = planeBytes(C, NR);
  const aStep = <usize>C * sizeof<real>();
  for (let i = 0; i < PLANES; i++, m += mPlane, v += vPlane, du += uPlane) {
    multiplyPixels(places, du, v, m, 1, count, 0, aStep, NR * sizeof<real>(), C, cols, finish, tid);
  }
}

/** dw [3, 3, C, N] = Gᵀ(Σ du[part])G; the sums take the place of du[0]. columns = N rounded up to panels. */
export function winogradFilterSum(
  dw: OutAll,
  du: OutAll,
  columns: i32,
  unit: i32,
  N: i32,
  C: i32,
  parts: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(columns, unit, tid + 1, threads);
  const plane = planeBytes(C, NR);
  const panel = planesBytes(C, NR);
  const size = <usize>(columns / NR) * panel;
  for (let n = shareStart(columns, unit, tid, threads); n < last; n += NR) {
    for (let c = 0; c < C; c++) {
      const cols = min(NR, N - n);
      const to = dw + <usize>(c * N + n) * sizeof<real>();
      const from = du + <usize>(n / NR) * panel + <usize>(c * NR) * sizeof<real>();
      for (let i: usize = 0; i < <usize>cols * sizeof<real>(); i += 16)
        filterSum(to + i, <usize>(C * N) * sizeof<real>(), from + i, plane, size, parts);
    }
  }
}

/** A vector of columns: elements of dw lie `step` bytes apart, parts of du `size`. */
function filterSum(dw: usize, step: usize, du: usize, plane: usize, size: usize, parts: i32): void {
  let at = du;
  for (let i = 0; i < PLANES; i++, at += plane) {
    let sum = v128.load(at);
    for (let part = 1; part < parts; part++) {
      sum = v128.add<real>(sum, v128.load(at + <usize>part * size));
    }
    v128.store(at, sum);
  }
  at = du;
  for (let j = 0; j < 6; j++, at += plane) filterGradLine(at, 6 * plane, at, 6 * plane);
  for (let y = 0; y < 3; y++, du += 6 * plane, dw += 3 * step) {
    filterGradLine(dw, step, du, plane);
  }
}
