import { In, InAll, Out, Step, shareStart } from '../share';
import { LANES, madd, splat, storePart } from '../simd';
import { addSpan, copyBytes, fillSpan } from '../span';
import { stepOffset } from '../step';

/** y[r, c] = table[index[r], c]; table [tableRows, cols], index i32 [rows]. An index out of range gives a row of NaN. */
export function gatherRows(
  y: Out,
  table: InAll,
  index: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tableRows: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const i = load<i32>(index + (r << 2));
    if (<u32>i < <u32>tableRows) copyBytes(y + r * bytes, table + <usize>i * bytes, bytes);
    else fillSpan(y + r * bytes, cols, NaN);
  }
}

/** y = 0, then y[index[r], c] += dy[r, c] for r ascending; y [tableRows, cols], dy [rows, cols], index i32 [rows]. Indices out of range are skipped. */
export function scatterAddRows(
  y: Out,
  dy: InAll,
  index: InAll,
  tableRows: i32,
  unit: i32,
  cols: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const first = shareStart(tableRows, unit, tid, threads);
  const count = shareStart(tableRows, unit, tid + 1, threads) - first;
  y += <usize>first * bytes;
  memory.fill(y, 0, <usize>count * bytes);
  for (let r = 0; r < rows; r++, index += 4, dy += bytes) {
    const i = load<i32>(index) - first;
    if (<u32>i < <u32>count) addSpan(y + <usize>i * bytes, dy, cols);
  }
}

/** Row of the table that is example `r` of the step's batch. */
function exampleRow(order: usize, offset: i32, r: usize): usize {
  const i = <usize>offset + r;
  return order == 0 ? i : <usize>load<i32>(order + (i << 2));
}

/** y[r, c] = table[order[offset + r], c], offset being the step's; order i32 (0: identity). */
export function gatherBatch(
  y: Out,
  table: InAll,
  order: InAll,
  step: Step,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  gatherExamples(y, table, order, step, rows, unit, <usize>cols * sizeof<real>(), tid, threads);
}

/** y[r, c] = table[order[offset + r], c], all i32, offset being the step's; order (0: identity). */
export function gatherBatchI32(
  y: Out,
  table: InAll,
  order: InAll,
  step: Step,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  gatherExamples(y, table, order, step, rows, unit, (<usize>cols) << 2, tid, threads);
}

function gatherExamples(
  y: usize,
  table: usize,
  order: usize,
  step: usize,
  rows: i32,
  unit: i32,
  bytes: usize,
  tid: i32,
  threads: i32,
): i32 {
  const offset = stepOffset(step);
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++)
    copyBytes(y + r * bytes, table + exampleRow(order, offset, r) * bytes, bytes);
  return last;
}

/** y[r, c] = table[order[offset + r], c]·scale + shift, table u8, offset being the step's; order i32 (0: identity). */
export function gatherBatchU8(
  y: Out,
  table: InAll,
  order: InAll,
  step: Step,
  rows: i32,
  unit: i32,
  cols: i32,
  scale: real,
  offset: real,
  tid: i32,
  threads: i32,
): void {
  const start = stepOffset(step);
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++)
    scaleBytes(
      y + r * bytes,
      table + exampleRow(order, start, r) * <usize>cols,
      cols,
      scale,
      offset,
    );
}

/** y = x·scale + offset for n bytes. */
function scaleBytes(y: usize, x: usize, n: i32, scale: real, offset: real): i32 {
  const s = splat(scale);
  const o = splat(offset);
  let i = 0;
  for (; i + 8 <= n; i += 8, x += 8, y += 8 * sizeof<real>()) {
    const words = v128.load_ext<u8>(x);
    storeScaled(y, v128.extend_low<u16>(words), s, o);
    storeScaled(y + 4 * sizeof<real>(), v128.extend_high<u16>(words), s, o);
  }
  for (; i < n; i += LANES, x += LANES, y += 16) {
    const rest = min(n - i, LANES);
    let v = v128.splat<u32>(load<u8>(x));
    if (rest > 1) v = v128.replace_lane<u32>(v, 1, load<u8>(x, 1));
    if (rest > 2) v = v128.replace_lane<u32>(v, 2, load<u8>(x, 2));
    if (rest > 3) v = v128.replace_lane<u32>(v, 3, load<u8>(x, 3));
    const z = madd(lowerReals(v), s, o);
    if (rest == LANES) v128.store(y, z);
    else storePart(y, z, rest);
  }
  return n;
}

/** Four u32 as reals, or the lower two where reals are f64. */
function lowerReals(v: v128): v128 {
  return sizeof<real>() == 8 ? v128.convert_low<u32>(v) : v128.convert<u32>(v);
}

function storeScaled(y: usize, v: v128, s: v128, o: v128): void {
  v128.store(y, madd(lowerReals(v), s, o));
  if (sizeof<real>() == 8) v128.store(y, madd(lowerReals(v128.shuffle<i64>(v, v, 1, 1)), s, o), 16);
}

/** y[r, c] = c == index[r] ? on : off; y [rows, cols], index i32 [rows]. An index out of range gives a row of off. */
export function oneHot(
  y: Out,
  index: In,
  rows: i32,
  unit: i32,
  cols: i32,
  on: real,
  off: real,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(rows, unit, tid, threads);
  const last = shareStart(rows, unit, tid + 1, threads);
  const bytes = <usize>cols * sizeof<real>();
  fillSpan(y + <usize>first * bytes, (last - first) * cols, off);
  for (let r = <usize>first; r < <usize>last; r++) {
    const i = load<i32>(index + (r << 2));
    if (<u32>i < <u32>cols) store<real>(y + r * bytes + <usize>i * sizeof<real>(), on);
  }
}

/** y[r] = x[r, index[r]]; x [rows, cols], index i32 [rows], y [rows]. An index out of range gives NaN. */
export function pick(
  y: Out,
  x: In,
  index: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const i = load<i32>(index + (r << 2));
    const at = x + (r * <usize>cols + <usize>i) * sizeof<real>();
    store<real>(y + r * sizeof<real>(), <u32>i < <u32>cols ? load<real>(at) : <real>NaN);
  }
}
