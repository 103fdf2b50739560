import { defineOp } from '../graph/op.ts';
import { broadcastShapes, formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import { type Emitter, type Grads, isTensor, type Tensor } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import { expectReal, moved, prepared } from './emit.ts';
import { FUSED, type LinearActivation } from './fused.ts';
import { reshape, transpose } from './layout.ts';
import { expand, reduceSum } from './sum.ts';

/** One product C[M,N] = act(A·B + bias), operands stored row by row or transposed. */
interface Product {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Code of the kernels: see FUSED. */
  readonly activation: number;
}

/** Products of at most so many multiplications are faster without packing: with columns of B side by side, or not. */
const SMALL = 4096;
const SMALL_STRIDED = 256;

/** The right operand: a whole matrix, or a place that may move. */
type Right = Tensor | Pointer;

/** Rows of one product. The choice of kernels depends on the shape only. */
function emitProduct(
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
  } else if (!stored && M * N * K <= (transposeB && N > 1 ? SMALL_STRIDED : SMALL)) {
    const [aRow, aCol] = transposeA ? [1, M] : [K, 1];
    const [bRow, bCol] = transposeB ? [1, K] : [N, 1];
    const unit = e.unit(M, N);
    e.row(
      kernels.gemmSmall(
        c,
        a,
        rows(),
        bias,
        M,
        unit,
        N,
        K,
        aRow,
        aCol,
        bRow,
        bCol,
        N,
        0,
        activation,
      ),
    );
  } else if (N === 1 && !transposeA) {
    e.row(kernels.gemvColumn(c, a, rows(), bias, M, e.unit(M, K), K, K, activation));
  } else if (N === 1 && bias === NONE) {
    e.row(kernels.gemv(c, rows(), a, NONE, M, 16 * e.NR, K, M, 0, activation));
  } else if (M === 1) {
    const gemv = transposeB ? kernels.gemvT : kernels.gemv;
    e.row(gemv(c, a, rows(), bias, N, 16 * e.NR, K, transposeB ? K : N, 0, activation));
  } else {
    emitPacked(e, c, a, b, bias, p);
  }
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

/** Threads share the rows, or the columns when there are more of them: the smaller operand is then the one that all read. */
function emitPacked(e: Emitter, c: Pointer, a: Pointer, b: Right, bias: Pointer, p: Product): void {
  const { MR, NR } = e;
  const { M, N, K, activation } = p;
  const columns = N >= 4 * NR && (M < 4 * MR || N > M);
  const rows = rowsOfBlock(e, p);
  if (rows < M) {
    emitBlocks(e, c, a, packedB(e, b, p), bias, p, rows);
    return;
  }
  const { at, strides } = columns ? leftOf(e, a, p) : ownRows(e, a, p);
  const bp = packedB(e, b, p);
  if (columns) {
    e.row(kernels.gemmColumns(c, at, bp, bias, N, NR, M, K, ...strides, N, 0, activation));
  } else {
    e.row(kernels.gemm(c, at, bp, bias, M, MR, N, K, ...strides, N, 0, activation));
  }
}

/** The left operand: numbers from row to row and from k to k. */
interface Left {
  readonly at: Pointer;
  readonly strides: readonly [aRow: number, aCol: number];
}

/** A as it lies where that costs no more than packing it. */
function leftOf(e: Emitter, a: Pointer, p: Product): Left {
  if (p.transposeA && fitsCache(e, p)) return { at: a, strides: [1, p.M] };
  return ownRows(e, a, p);
}

/** A such that threads which own rows read nothing else. */
function ownRows(e: Emitter, a: Pointer, p: Product): Left {
  if (!p.transposeA && (!isWide(e) || p.N <= WIDE_COLUMNS)) return { at: a, strides: [p.K, 1] };
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
function fitsCache({ realBytes }: Emitter, { M, K }: Product): boolean {
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
    e.row(kernels.gemm(to, ap, bp, bias, count, MR, N, K, 1, MR, N, 0, activation));
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

/** B in panels of NR columns: as it is kept, or packed, weights at the start of the step. */
function packedB(e: Emitter, b: Right, { N, K, transposeB }: Product): Pointer {
  const stored = isTensor(b) ? e.panels(b) : null;
  if (stored && !transposeB) return stored;
  const bytes = Math.ceil(N / e.NR) * e.NR * K * e.realBytes;
  const pack = transposeB ? kernels.packBT : kernels.packB;
  const make = (to: Pointer) =>
    stored
      ? kernels.packPanelsT(to, stored, N, e.NR, K)
      : pack(to, isTensor(b) ? e.at(b) : b, N, e.NR, K, transposeB ? K : N);
  if (isTensor(b)) return prepared(e, b, `B ${N}x${K} ${transposeB}`, bytes, make);
  const to = e.temp(bytes);
  e.row(make(to));
  return to;
}

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

interface MatMulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface Sizes {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batch: Shape;
}

function productSizes(
  name: string,
  a: Tensor,
  b: Tensor,
  { transposeA, transposeB }: MatMulAttrs,
): Sizes {
  expectReal(name, a, b);
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(
      `${name}: operands ${formatShape(a.shape)} and ${formatShape(b.shape)} need two axes`,
    );
  }
  const [ar, ac] = a.shape.slice(-2) as [number, number];
  const [br, bc] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [ac, ar] : [ar, ac];
  const [K2, N] = transposeB ? [bc, br] : [br, bc];
  if (K !== K2) {
    const flip = (t: boolean) => (t ? 'ᵀ' : '');
    throw new ShapeError(
      `${name}: ${formatShape(a.shape)}${flip(transposeA)} times ${formatShape(b.shape)}${flip(transposeB)}: ${K} columns, ${K2} rows`,
    );
  }
  return { M, N, K, batch: a.shape.slice(0, -2) };
}

/** Operands of a product: leading axes are equal on both sides, or b is one matrix. */
function matMulArgs(a: Tensor, b: Tensor, options: MatMulOptions = {}): [Tensor[], MatMulAttrs] {
  const attrs = {
    transposeA: options.transposeA ?? false,
    transposeB: options.transposeB ?? false,
  };
  if (b.shape.length <= 2 && (a.shape.length <= 2 || !attrs.transposeA)) return [[a, b], attrs];
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const widen = (t: Tensor) => {
    const shape = [...batch, ...t.shape.slice(-2)];
    return sizeOf(shape) === sizeOf(t.shape) ? reshape(t, shape) : expand(t, shape);
  };
  return [[widen(a), widen(b)], attrs];
}

/** Matrix product over the last two axes; leading axes are batches that broadcast. */
export const matMul = defineOp({
  name: 'matMul',
  onnx: { type: 'MatMul', since: 13 },
  panels: true,
  args: matMulArgs,
  type: ([a, b], attrs) => {
    const { M, N, batch } = productSizes('matMul', a as Tensor, b as Tensor, attrs);
    return { shape: [...batch, M, N], dtype: 'real' };
  },
  flops: ({ inputs: [a, b], attrs, shape }) =>
    2 * sizeOf(shape) * productSizes('matMul', a as Tensor, b as Tensor, attrs).K,
  emit(e, node) {
    const [a, b] = node.inputs as [Tensor, Tensor];
    const { M, N, K, batch } = productSizes('matMul', a, b, node.attrs);
    const product = { N, K, ...node.attrs, activation: 0 };
    const count = sizeOf(batch);
    if (b.shape.length === 2) {
      const whole = { M: M * count, ...product };
      const panels = e.panels(node);
      if (panels) {
        const { at, strides } = leftOf(e, e.at(a), whole);
        const bp = packedB(e, b, whole);
        e.row(kernels.gemmPanels(panels, at, bp, N, e.NR, whole.M, K, ...strides));
      } else emitProduct(e, e.at(node), e.at(a), b, NONE, whole);
      return;
    }
    const step = (m: number, n: number) => m * n * e.realBytes;
    e.repeat(count, (moving) => {
      const c = moving(e.at(node), step(M, N));
      emitProduct(e, c, moving(e.at(a), step(M, K)), moving(e.at(b), step(K, N)), NONE, {
        M,
        ...product,
      });
    });
  },
  grad(dy, { inputs, attrs: { transposeA, transposeB } }): Grads {
    const [a, b] = inputs as [Tensor, Tensor];
    const da = transposeA
      ? matMul(b, dy, { transposeA: transposeB, transposeB: true })
      : matMul(dy, b, { transposeB: !transposeB });
    if (b.shape.length === 2 && a.shape.length > 2) {
      const db = flatProduct(a, dy);
      return [da, transposeB ? transpose(db) : db];
    }
    const db = transposeB
      ? matMul(dy, a, { transposeA: true, transposeB: transposeA })
      : matMul(a, dy, { transposeA: !transposeA });
    return [da, db];
  },
});

/** aᵀ·dy with all leading axes of both taken as one. */
function flatProduct(a: Tensor, dy: Tensor): Tensor {
  const rows = (t: Tensor) => reshape(t, [sizeOf(t.shape.slice(0, -1)), t.shape.at(-1) as number]);
  return matMul(rows(a), rows(dy), { transposeA: true });
}

/** act(x·w + b): x [.., K], w [K, N], b [N]; bias and activation while the tile is in registers. */
export const linear = defineOp({
  name: 'linear',
  onnx: { type: 'Gemm', since: 13 },
  args: (x: Tensor, w: Tensor, b?: Tensor, activation: LinearActivation = 'linear') => [
    b ? [x, w, b] : [x, w],
    { activation },
  ],
  range: ({ attrs }) => FUSED[attrs.activation as LinearActivation].range,
  type([x, w, b]) {
    const [input, weight] = [x as Tensor, w as Tensor];
    expectReal('linear', input, weight);
    const [K, N] = weight.shape as [number, number];
    if (input.shape.length < 2 || weight.shape.length !== 2 || input.shape.at(-1) !== K) {
      throw new ShapeError(`input ${formatShape(input.shape)}, weight expects ${K}`);
    }
    if (b && (b.shape.length !== 1 || b.shape[0] !== N)) {
      throw new ShapeError(
        `bias ${formatShape(b.shape)}, weight ${formatShape(weight.shape)} expects [${N}]`,
      );
    }
    return { shape: [...input.shape.slice(0, -1), N], dtype: 'real' };
  },
  flops: ({ inputs, shape }) => 2 * sizeOf(shape) * ((inputs[1] as Tensor).shape[0] as number),
  emit(e, node) {
    const [x, w, b] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const [K, N] = w.shape as [number, number];
    const product = { M: sizeOf(x.shape.slice(0, -1)), N, K, transposeA: false, transposeB: false };
    const activation = FUSED[node.attrs.activation as LinearActivation].code;
    emitProduct(e, e.at(node), e.at(x), w, b ? e.at(b) : NONE, { ...product, activation });
  },
  grad(dy, node): Grads {
    const [x, w, b] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const dz = FUSED[node.attrs.activation as LinearActivation].grad(dy, node);
    const dx = matMul(dz, w, { transposeB: true });
    const dw = flatProduct(x, dz);
    const axes = dz.shape.slice(0, -1).map((_, i) => i);
    return b ? [dx, dw, reduceSum(dz, { axes })] : [dx, dw];
  },
});
