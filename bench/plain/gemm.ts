/** Columns and depth of a block of B that is packed at once: 1 MB. */
const NC = 512;
const KC = 256;
/** Multiplications below which packing costs more than it brings. */
const SMALL = 1024;

const packedA = new Float64Array(4 * KC);
const packedB = new Float64Array(NC * KC);
const tile = new Float64Array(16);

/**
 * C += A·B, row by row in memory, A and B stored transposed where said so. Numbers are f64, as arithmetic is in
 * JavaScript: with f32, conversions cost a fifth. Tiles of 4×4 in registers (Goto and van de Geijn 2008).
 */
export function gemm(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  M: number,
  N: number,
  K: number,
  transposeA: boolean,
  transposeB: boolean,
): void {
  const aRow = transposeA ? 1 : K;
  const aColumn = transposeA ? M : 1;
  const bRow = transposeB ? 1 : N;
  const bColumn = transposeB ? K : 1;
  if (M * N * K <= SMALL) {
    small(c, a, b, M, N, K, aRow, aColumn, bRow, bColumn);
    return;
  }
  for (let j = 0; j < N; j += NC) {
    const columns = Math.min(NC, N - j);
    for (let k = 0; k < K; k += KC) {
      const depth = Math.min(KC, K - k);
      pack(packedB, b, j * bColumn + k * bRow, columns, bColumn, depth, bRow);
      for (let i = 0; i < M; i += 4) {
        const rows = Math.min(4, M - i);
        pack(packedA, a, i * aRow + k * aColumn, rows, aRow, depth, aColumn);
        multiplyRows(c, i * N + j, N, rows, columns, depth);
      }
    }
  }
}

function small(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  M: number,
  N: number,
  K: number,
  aRow: number,
  aColumn: number,
  bRow: number,
  bColumn: number,
): void {
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = c[i * N + j] as number;
      for (let k = 0; k < K; k++) {
        sum += (a[i * aRow + k * aColumn] as number) * (b[k * bRow + j * bColumn] as number);
      }
      c[i * N + j] = sum;
    }
  }
}

/** Panels of 4 vectors, interleaved, the last one filled up with zeros. */
function pack(
  to: Float64Array,
  from: Float64Array,
  start: number,
  count: number,
  stride: number,
  depth: number,
  step: number,
): void {
  let at = 0;
  for (let i = 0; i < count; i += 4) {
    let p = start + i * stride;
    if (count - i >= 4) {
      for (let k = 0; k < depth; k++, p += step, at += 4) {
        to[at] = from[p] as number;
        to[at + 1] = from[p + stride] as number;
        to[at + 2] = from[p + 2 * stride] as number;
        to[at + 3] = from[p + 3 * stride] as number;
      }
      continue;
    }
    for (let k = 0; k < depth; k++, p += step) {
      for (let r = 0; r < 4; r++) to[at++] = i + r < count ? (from[p + r * stride] as number) : 0;
    }
  }
}

/** The packed rows of A times all packed panels of B. */
function multiplyRows(
  c: Float64Array,
  start: number,
  N: number,
  rows: number,
  columns: number,
  depth: number,
): void {
  for (let j = 0; j < columns; j += 4) {
    multiplyTile(j * depth, depth);
    const width = Math.min(4, columns - j);
    for (let r = 0, at = start + j; r < rows; r++, at += N) {
      for (let s = 0; s < width; s++) c[at + s] = (c[at + s] as number) + (tile[4 * r + s] as number);
    }
  }
}

function multiplyTile(q: number, depth: number): void {
  let [c00, c01, c02, c03] = [0, 0, 0, 0];
  let [c10, c11, c12, c13] = [0, 0, 0, 0];
  let [c20, c21, c22, c23] = [0, 0, 0, 0];
  let [c30, c31, c32, c33] = [0, 0, 0, 0];
  for (let p = 0; p < 4 * depth; p += 4, q += 4) {
    const b0 = packedB[q] as number;
    const b1 = packedB[q + 1] as number;
    const b2 = packedB[q + 2] as number;
    const b3 = packedB[q + 3] as number;
    const a0 = packedA[p] as number;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = packedA[p + 1] as number;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = packedA[p + 2] as number;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = packedA[p + 3] as number;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  tile[0] = c00;
  tile[1] = c01;
  tile[2] = c02;
  tile[3] = c03;
  tile[4] = c10;
  tile[5] = c11;
  tile[6] = c12;
  tile[7] = c13;
  tile[8] = c20;
  tile[9] = c21;
  tile[10] = c22;
  tile[11] = c23;
  tile[12] = c30;
  tile[13] = c31;
  tile[14] = c32;
  tile[15] = c33;
}
