import { MR, NR } from './layout';
import { LANES, loadUpTo } from './simd';

abstract class Width {
  abstract of(): i32;
}
export class MrWide extends Width {
  @inline of(): i32 {
    return MR;
  }
}
export class NrWide extends Width {
  @inline of(): i32 {
    return NR;
  }
}

/** Items [first, end), rows of `source`, become panels of W rows with k running outside. */
export function transposePanels<W extends Width>(
  panels: usize,
  source: usize,
  first: i32,
  end: i32,
  K: i32,
  ld: i32,
): void {
  const width = changetype<W>(0).of();
  const step = <usize>width * sizeof<real>();
  const row = <usize>ld * sizeof<real>();
  for (let i = first; i < end; i += width) {
    const panel = panels + <usize>i * <usize>K * sizeof<real>();
    const rows = min(width, end - i);
    const from = source + <usize>i * row;
    for (let g = 0; g < width; g += LANES) {
      const to = panel + <usize>g * sizeof<real>();
      const r0 = rowAt(from, row, g, rows);
      const r1 = rowAt(from, row, g + 1, rows);
      if (sizeof<real>() == 8) transpose2(to, step, r0, r1, K);
      else if (width - g < LANES) transposeHalf(to, step, r0, r1, K);
      else
        transpose4(
          to,
          step,
          r0,
          r1,
          rowAt(from, row, g + 2, rows),
          rowAt(from, row, g + 3, rows),
          K,
        );
    }
    const rest = K & (LANES - 1);
    const done = <usize>(K - rest);
    transposeRest(panel + done * step, step, from + done * sizeof<real>(), row, rows, rest);
    if (rows < width) clearPadding(panel, step, rows, K);
  }
}

/** Row r of a panel; in place of those that do not exist the first one, cleared later. */
function rowAt(from: usize, row: usize, r: i32, rows: i32): usize {
  return r < rows ? from + <usize>r * row : from;
}

function transpose4(
  to: usize,
  step: usize,
  r0: usize,
  r1: usize,
  r2: usize,
  r3: usize,
  K: i32,
): void {
  for (let k = K; k >= 4; k -= 4) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(to + step, v128.shuffle<i64>(ab, cd, 1, 3));
    v128.store(to + 2 * step, v128.shuffle<i64>(AB, CD, 0, 2));
    v128.store(to + 3 * step, v128.shuffle<i64>(AB, CD, 1, 3));
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    to += 4 * step;
  }
}

function transposeHalf(to: usize, step: usize, r0: usize, r1: usize, K: i32): void {
  for (let k = K; k >= 4; k -= 4) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    v128.store_lane<i64>(to, ab, 0);
    v128.store_lane<i64>(to + step, ab, 1);
    v128.store_lane<i64>(to + 2 * step, AB, 0);
    v128.store_lane<i64>(to + 3 * step, AB, 1);
    r0 += 16;
    r1 += 16;
    to += 4 * step;
  }
}

function transpose2(to: usize, step: usize, r0: usize, r1: usize, K: i32): void {
  for (let k = K; k >= 2; k -= 2) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
    v128.store(to + step, v128.shuffle<i64>(a, b, 1, 3));
    r0 += 16;
    r1 += 16;
    to += 2 * step;
  }
}

/** The last K mod LANES columns. */
function transposeRest(to: usize, step: usize, from: usize, row: usize, rows: i32, K: i32): void {
  for (let k = 0; k < K; k++, to += step, from += sizeof<real>()) {
    for (let r = 0; r < rows; r++) {
      store<real>(to + <usize>r * sizeof<real>(), load<real>(from + <usize>r * row));
    }
  }
}

function clearPadding(panel: usize, step: usize, rows: i32, K: i32): void {
  const end = panel + <usize>K * step;
  for (; panel < end; panel += step) {
    for (let at = panel + <usize>rows * sizeof<real>(); at < panel + step; at += sizeof<real>()) {
      store<real>(at, 0);
    }
  }
}

/** Rows of the source copied to all panels before the next ones: they then come from the cache. */
const ROWS: i32 = 16;

/**
 * Items [first, end), columns of `source` [K, …], become panels of W columns with k running
 * outside.
 */
export function copyPanels<W extends Width>(
  panels: usize,
  source: usize,
  first: i32,
  end: i32,
  K: i32,
  ld: i32,
): void {
  const width = changetype<W>(0).of();
  const row = <usize>ld * sizeof<real>();
  for (let k = 0; k < K; k += ROWS) {
    const rows = min(ROWS, K - k);
    for (let i = first; i < end; i += width) {
      const to = panels + (<usize>i * <usize>K + <usize>(k * width)) * sizeof<real>();
      const from = source + <usize>i * sizeof<real>() + <usize>k * row;
      if (end - i >= width) copyPanel<W>(to, from, row, rows);
      else copyPart<W>(to, from, row, rows, end - i);
    }
  }
}

function copyPanel<W extends Width>(to: usize, from: usize, row: usize, K: i32): void {
  const width = changetype<W>(0).of();
  for (let k = 0; k < K; k++, from += row) {
    v128.store(to, v128.load(from));
    if (width >= 2 * LANES) v128.store(to, v128.load(from, 16), 16);
    else if (width > LANES) store<u64>(to, load<u64>(from, 16), 16);
    if (width == 4 * LANES) {
      v128.store(to, v128.load(from, 32), 32);
      v128.store(to, v128.load(from, 48), 48);
    }
    to += <usize>width * sizeof<real>();
  }
}

/** The last panel, of which `cols` columns exist; the others are zero. */
function copyPart<W extends Width>(to: usize, from: usize, row: usize, K: i32, cols: i32): void {
  const width = changetype<W>(0).of();
  for (let k = 0; k < K; k++, from += row) {
    v128.store(to, loadUpTo(from, cols));
    const rest = loadUpTo(from + 16, cols - LANES);
    if (width >= 2 * LANES) v128.store(to, rest, 16);
    else if (width > LANES) v128.store_lane<i64>(to, rest, 0, 16);
    if (width == 4 * LANES) {
      v128.store(to, loadUpTo(from + 32, cols - 2 * LANES), 32);
      v128.store(to, loadUpTo(from + 48, cols - 3 * LANES), 48);
    }
    to += <usize>width * sizeof<real>();
  }
}

/** A block of NR × NR numbers. */
export function transposeSquare(to: usize, from: usize): void {
  const row = <usize>NR * sizeof<real>();
  for (let i: usize = 0; i < row; i += 16) {
    for (let k: usize = 0; k < row; k += 16) {
      const target = to + (k / sizeof<real>()) * row + i;
      const source = from + (i / sizeof<real>()) * row + k;
      const source1 = source + row;
      if (sizeof<real>() == 8) transpose2(target, row, source, source1, 2);
      else transpose4(target, row, source, source1, source1 + row, source1 + 2 * row, 4);
    }
  }
}
