import { type Emitter, isTensor, type Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import { moved, prepared } from './emit.ts';
import { FUSED, type LinearActivation } from './fused.ts';

/** One product C[M,N] = act(A·B + bias), operands stored row by row or transposed. */
export interface Product {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Code of the kernels: see FUSED. */
  readonly activation: number;
  /** The product is multiplied by the slope of this activation where its value is y. */
  readonly slope?: LinearActivation;
  readonly y?: Pointer | undefined;
}

/** Multiplications of a tiny product: with columns of B side by side, or not. */
const SMALL = 4096;
const SMALL_STRIDED = 256;

/** Whether a product is faster without packing. */
export function isTiny({ M, N, K, transposeB }: Product): boolean {
  return M * N * K <= (transposeB && N > 1 ? SMALL_STRIDED : SMALL);
}

/** The right operand: a whole matrix, or a place that may move. */
type Right = Tensor | Pointer;

/** Rows of one product. The choice of kernels depends on the shape only. */
export function emitProduct(
  e: Emitter,
  c: Pointer,
  a: Pointer,
  b: Right,
  bias: Pointer,
  p: Product,
): void {
  const { M, N, K, transposeA, transposeB, activation } = p;
  const stored = isTensor(b) ? e.panels(b) : null;
  const rows = () => (isTensor(b) ? e.at(b) : b);
  if (stored && M === 1) {
    emitPanelsRow(e, c, a, stored, bias, p);
  } else if (!stored && isTiny(p)) {
    emitSmall(e, c, a, rows(), bias, p);
  } else if (N === 1 && !transposeA) {
    e.row(kernels.gemvColumn(c, a, rows(), bias, M, e.unit(M, K), K, K, activation));
  } else if (N === 1 && bias === NONE) {
    e.row(kernels.gemv(c, rows(), a, NONE, M, 16 * e.NR, K, M, 0, activation));
  } else if (M === 1) {
    const gemv = transposeB ? kernels.gemvT : kernels.gemv;
    e.row(gemv(c, a, rows(), bias, N, 16 * e.NR, K, transposeB ? K : N, 0, activation));
  } else {
    emitPacked(e, c, a, b, bias, p);
    return;
  }
  emitSlope(e, c, p);
}

/** A product straight from memory. */
function emitSmall(
  e: Emitter,
  c: Pointer,
  a: Pointer,
  b: Pointer,
  bias: Pointer,
  { M, N, K, transposeA, transposeB, activation }: Product,
): void {
  const [aRow, aCol] = transposeA ? [1, M] : [K, 1];
  const [bRow, bCol] = transposeB ? [1, K] : [N, 1];
  const sizes = [M, e.unit(M, N), N, K, aRow, aCol, bRow, bCol, N] as const;
  e.row(kernels.gemmSmall(c, a, b, bias, ...sizes, 0, activation));
}

/** The slope behind a product that could not take it along. */
function emitSlope(e: Emitter, c: Pointer, { M, N, slope, y }: Product): void {
  const row = slope && FUSED[slope].gradRow;
  if (row) e.row(row(c, c, y as Pointer, M * N, e.unit(M, N) * N));
}

/** One row times a matrix that is kept in panels. */
function emitPanelsRow(
  e: Emitter,
  c: Pointer,
  a: Pointer,
  b: Pointer,
  bias: Pointer,
  { N, K, transposeB, activation }: Product,
): void {
  e.row(
    transposeB
      ? kernels.gemvPanelsT(c, a, b, N, 16 * e.NR, K)
      : kernels.gemvPanels(c, a, b, bias, N, 8 * e.NR, K, activation),
  );
}

function emitPacked(e: Emitter, c: Pointer, a: Pointer, b: Right, bias: Pointer, p: Product): void {
  const { MR, NR } = e;
  const { M, N, K, slope } = p;
  const columns = ownsColumns(e, b, p);
  const rows = rowsOfBlock(e, p);
  if (rows < M) {
    emitBlocks(e, c, a, packedB(e, b, p), bias, p, rows);
    emitSlope(e, c, p);
    return;
  }
  const { at, strides } = columns ? leftOf(e, a, p) : ownRows(e, a, p);
  const bp = packedB(e, b, p, columns);
  const y = p.y ?? NONE;
  const finish = [N, 0, slope ? FUSED[slope].code + 3 : p.activation] as const;
  if (columns) {
    e.row(kernels.gemmColumns(c, at, bp, bias, y, N, NR, M, K, ...strides, ...finish));
  } else {
    const unit = strides[1] === 1 ? e.unit(M, N) : MR;
    e.row(kernels.gemm(c, at, bp, bias, y, M, unit, N, K, ...strides, ...finish));
  }
}

/**
 * Threads share the rows, or the columns when there are more of them: the smaller operand is then the one that all read. Who
 * owns columns packs B without meeting others, which decides where A is read as it lies: Aᵀ, or one no larger than a B that
 * takes long to cross from core to core.
 */
function ownsColumns(e: Emitter, b: Right, p: Product): boolean {
  const { M, N, K, transposeA } = p;
  if (N < 4 * e.NR) return false;
  if (M < 4 * e.MR || N > M) return true;
  if (isTensor(b) && e.panels(b)) return false;
  return transposeA ? !isWide(e) && fitsCache(e, p) : N === M && N * K * e.realBytes >= CROSSING;
}

/** Bytes of a packed operand from which on threads had better not read what another one packed. */
const CROSSING = 2 ** 15;

/** The left operand: numbers from row to row and from k to k. */
interface Left {
  readonly at: Pointer;
  readonly strides: readonly [aRow: number, aCol: number];
}

/** A as it lies where that costs no more than packing it. */
export function leftOf(e: Emitter, a: Pointer, p: Product): Left {
  if (p.transposeA && fitsCache(e, p)) return { at: a, strides: [1, p.M] };
  return ownRows(e, a, p);
}

/** A such that threads which own rows read nothing else. */
function ownRows(e: Emitter, a: Pointer, p: Product): Left {
  const inPlace = !isWide(e) || p.N <= WIDE_COLUMNS || e.unit(p.M, p.N) !== e.MR;
  if (!p.transposeA && inPlace) return { at: a, strides: [p.K, 1] };
  return { at: packedA(e, a, p), strides: [1, e.MR] };
}

/** Columns beyond which the wide tile, 4 % slower with rows of A as they lie, pays for packing them. */
const WIDE_COLUMNS = 256;

/** Whether a tile has vectors of 256 bits: the `turbo` build. */
function isWide({ NR, realBytes }: Emitter): boolean {
  return NR * realBytes > 32;
}

/** First-level cache: bytes after which lines meet the same set again, and lines of A that a set takes. */
const SETS = 4096;
const WAYS = 8;
/** Rows that the tables of pages and the cache hold while a tile walks down a column. */
const COLUMN = 64;

/** Whether a column of a stored [K, M] stays in the first-level cache, so that the next tile finds its neighbours there. */
export function fitsCache({ realBytes }: Emitter, { M, K }: Product): boolean {
  const apart = lowestBit(M * realBytes);
  return K <= COLUMN && (K * Math.max(apart, 64)) / SETS <= WAYS;
}

/** The largest power of two that divides n. */
function lowestBit(n: number): number {
  return n & -n;
}

/** Bytes of packed operands that stay in the second-level cache. */
const CACHED = 2 ** 18;

/** Rows of Aᵀ that are packed at a time: where B is small, those that stay in the cache until they are used. */
function rowsOfBlock({ MR, NR, realBytes }: Emitter, { M, N, K, transposeA }: Product): number {
  const row = K * realBytes;
  const wide = Math.ceil(N / NR) * NR * row > CACHED;
  if (!transposeA || wide || M * row < 8 * CACHED) return M;
  return Math.max(8, Math.floor(CACHED / (row * MR))) * MR;
}

/** A product whose left operand is stored transposed and packed block by block, then the rows that are left. */
function emitBlocks(
  e: Emitter,
  c: Pointer,
  a: Pointer,
  bp: Pointer,
  bias: Pointer,
  { M, N, K, activation }: Product,
  rows: number,
): void {
  const { MR, realBytes } = e;
  const ap = e.temp(rows * K * realBytes);
  const block = (from: Pointer, to: Pointer, count: number) => {
    e.row(kernels.packAT(ap, from, count, MR, K, M));
    e.row(kernels.gemm(to, ap, bp, bias, NONE, count, MR, N, K, 1, MR, N, 0, activation));
  };
  const count = Math.floor(M / rows);
  e.repeat(count, (moving) =>
    block(moving(a, rows * realBytes), moving(c, rows * N * realBytes), rows),
  );
  const rest = M - count * rows;
  if (rest) block(moved(e, a, count * rows), moved(e, c, count * rows * N), rest);
}

/** A in panels of MR rows. */
function packedA(e: Emitter, a: Pointer, { M, K, transposeA }: Product): Pointer {
  const ap = e.temp(Math.ceil(M / e.MR) * e.MR * K * e.realBytes);
  const pack = transposeA ? kernels.packAT : kernels.packA;
  e.row(pack(ap, a, M, e.MR, K, transposeA ? M : K));
  return ap;
}

/**
 * B in panels of NR columns: as it is kept, or packed, weights at the start of the step. A large one
 * that is kept in panels and transposed for a product whose threads own its `columns` is transposed just before: it is then in
 * the cache.
 */
export function packedB(
  e: Emitter,
  b: Right,
  { N, K, transposeB }: Product,
  columns = false,
): Pointer {
  const stored = isTensor(b) ? e.panels(b) : null;
  if (stored && !transposeB) return stored;
  const bytes = Math.ceil(N / e.NR) * e.NR * K * e.realBytes;
  const pack = transposeB ? kernels.packBT : kernels.packB;
  const make = (to: Pointer) =>
    stored
      ? kernels.packPanelsT(to, stored, N, e.NR, K)
      : pack(to, isTensor(b) ? e.at(b) : b, N, e.NR, K, transposeB ? K : N);
  const purpose = `B ${N}x${K} ${transposeB}`;
  const late = stored !== null && columns && bytes > CACHED;
  if (isTensor(b) && late) return e.shared(b, purpose, bytes, make);
  if (isTensor(b)) return prepared(e, b, purpose, bytes, make);
  const to = e.temp(bytes);
  e.row(make(to));
  return to;
}
