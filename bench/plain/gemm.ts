/** Columns and depth of a block of B that is packed at once: 1 MB. */
const NC = 512;
const KC = 256;
/** Multiplications below which packing costs more than it brings. */
const SMALL = 1024;

const packedA = new Float64Array(4 * KC);
const packedB = new Float64Array(NC * KC);
const tile = new Float64Array(16);

/** Element (i, j) of a matrix is data[i·row + j·column]. */
export interface Matrix {
  readonly data: Float64Array;
  readonly row: number;
  readonly column: number;
}

/** A matrix stored row by row. */
export function rowMajor(data: Float64Array, columns: number): Matrix {
  return { data, row: columns, column: 1 };
}

export function transposed({ data, row, column }: Matrix): Matrix {
  return { data, row: column, column: row };
}

/**
 * C = A·B, or C += A·B with `add`; C [M, N] row by row. Numbers are f64, as arithmetic is in
 * JavaScript: with f32, conversions cost a fifth. Tiles of 4×4 in registers, panels packed (Goto
 * and van de Geijn 2008).
 */
export function gemm(
  c: Float64Array,
  a: Matrix,
  b: Matrix,
  M: number,
  N: number,
  K: number,
  add: boolean,
): void {
  if (M * N * K <= SMALL) {
    small(c, a, b, M, N, K, add);
    return;
  }
  if (M === 1 && b.column === 1) {
    rowTimesMatrix(c, a, b, N, K, add);
    return;
  }
  if (N === 1 && a.row === 1) {
    rowTimesMatrix(c, transposed(b), transposed(a), M, K, add);
    return;
  }
  if (N === 1 && a.column === 1) {
    for (let i = 0; i < M; i++) {
      c[i] = (add ? (c[i] as number) : 0) + dot(a.data, i * a.row, b.data, b.row, K);
    }
    return;
  }
  for (let j = 0; j < N; j += NC) {
    const columns = Math.min(NC, N - j);
    for (let k = 0; k < K; k += KC) {
      const depth = Math.min(KC, K - k);
      pack(packedB, b.data, j * b.column + k * b.row, columns, b.column, depth, b.row);
      for (let i = 0; i < M; i += 4) {
        const rows = Math.min(4, M - i);
        pack(packedA, a.data, i * a.row + k * a.column, rows, a.row, depth, a.column);
        multiplyRows(c, i * N + j, N, rows, columns, depth, add || k > 0);
      }
    }
  }
}

function small(
  c: Float64Array,
  a: Matrix,
  b: Matrix,
  M: number,
  N: number,
  K: number,
  add: boolean,
): void {
  const x = a.data;
  const y = b.data;
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = add ? (c[i * N + j] as number) : 0;
      let p = i * a.row;
      let q = j * b.column;
      for (let k = 0; k < K; k++, p += a.column, q += b.row) {
        sum += (x[p] as number) * (y[q] as number);
      }
      c[i * N + j] = sum;
    }
  }
}

/** Four rows of B at a time are added to the result. */
function rowTimesMatrix(
  c: Float64Array,
  { data: x, column }: Matrix,
  { data: y, row }: Matrix,
  N: number,
  K: number,
  add: boolean,
): void {
  if (!add) c.fill(0);
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    const a0 = x[k * column] as number;
    const a1 = x[(k + 1) * column] as number;
    const a2 = x[(k + 2) * column] as number;
    const a3 = x[(k + 3) * column] as number;
    for (let j = 0, q = k * row; j < N; j++, q++) {
      const first = a0 * (y[q] as number) + a1 * (y[q + row] as number);
      const second = a2 * (y[q + 2 * row] as number) + a3 * (y[q + 3 * row] as number);
      c[j] = (c[j] as number) + (first + second);
    }
  }
  for (; k < K; k++) {
    const a0 = x[k * column] as number;
    for (let j = 0, q = k * row; j < N; j++, q++) c[j] = (c[j] as number) + a0 * (y[q] as number);
  }
}

/** Four sums, so that additions do not wait for each other. */
function dot(x: Float64Array, from: number, y: Float64Array, step: number, K: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  let q = 0;
  for (let p = from; k + 4 <= K; k += 4, p += 4, q += 4 * step) {
    s0 += (x[p] as number) * (y[q] as number);
    s1 += (x[p + 1] as number) * (y[q + step] as number);
    s2 += (x[p + 2] as number) * (y[q + 2 * step] as number);
    s3 += (x[p + 3] as number) * (y[q + 3 * step] as number);
  }
  for (; k < K; k++, q += step) s0 += (x[from + k] as number) * (y[q] as number);
  return s0 + s1 + (s2 + s3);
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
  add: boolean,
): void {
  for (let j = 0; j < columns; j += 4) {
    multiplyTile(j * depth, depth);
    const width = Math.min(4, columns - j);
    for (let r = 0, at = start + j; r < rows; r++, at += N) {
      for (let s = 0; s < width; s++) {
        const sum = tile[4 * r + s] as number;
        c[at + s] = add ? (c[at + s] as number) + sum : sum;
      }
    }
  }
}

function multiplyTile(q: number, depth: number): void {
  let c00 = 0;
  let c01 = 0;
  let c02 = 0;
  let c03 = 0;
  let c10 = 0;
  let c11 = 0;
  let c12 = 0;
  let c13 = 0;
  let c20 = 0;
  let c21 = 0;
  let c22 = 0;
  let c23 = 0;
  let c30 = 0;
  let c31 = 0;
  let c32 = 0;
  let c33 = 0;
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
