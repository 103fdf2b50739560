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
  if (readInPlace(e, p)) {
    emitInPlace(e, c, a, packedB(e, b, p), bias, p);
    return;
  }
  const rows = rowsOfBlock(e, p);
  if (rows < M) {
    emitBlocks(e, c, a, packedB(e, b, p), bias, p, rows);
    return;
  }
  const ap = packedA(e, a, p);
  const bp = packedB(e, b, p);
  if (N >= 4 * NR && (M < 4 * MR || N > M)) {
    e.row(kernels.gemmColumns(c, ap, bp, bias, N, NR, M, K, N, 0, activation));
  } else {
    e.row(kernels.gemm(c, ap, bp, bias, M, MR, N, K, N, 0, activation));
  }
}

/** Whether packing A would cost more than it gains: A is beyond the cache, and few panels of B use each of its rows. */
function readInPlace({ NR, realBytes }: Emitter, { M, N, K, transposeA }: Product): boolean {
  return !transposeA && N <= 4 * NR && M * K * realBytes >= 8 * CACHED;
}

/** Rows of A that are read by all panels of B in turn. */
const IN_PLACE_TILES = 4;

/** A·B as a convolution with one tap, whose pictures are blocks of rows: A is read as it lies. */
function emitInPlace(
  e: Emitter,
  c: Pointer,
  a: Pointer,
  bp: Pointer,
  bias: Pointer,
  { M, N, K, activation }: Product,
): void {
  const block = IN_PLACE_TILES * e.MR;
  const place = (to: Pointer) => kernels.placeRows(to, block, block, 1, 1, K, 0, 0, N, 0, 0);
  const bytes = 8 * block;
  const places = prepared(e, null, `rows ${K} ${N}`, bytes, place);
  const [yBlock, xBlock] = [block * N, block * K];
  const walk = [1, N, 1, 0, 1, K, K] as const;
  e.row(
    kernels.conv(c, a, bp, bias, places, M, block, block, 1, yBlock, xBlock, ...walk, activation),
  );
}

/** Bytes of packed operands that stay in the second-level cache. */
const CACHED = 2 ** 18;

/** Rows of A that are packed at a time: where B is small, those that stay in the cache until they are used. */
function rowsOfBlock({ MR, NR, realBytes }: Emitter, { M, N, K }: Product): number {
  const row = K * realBytes;
  if (Math.ceil(N / NR) * NR * row > CACHED || M * row < 8 * CACHED) return M;
  return Math.max(8, Math.floor(CACHED / (row * MR))) * MR;
}

/** A product whose left operand is packed block by block, then the rows that are left. */
function emitBlocks(
  e: Emitter,
  c: Pointer,
  a: Pointer,
  bp: Pointer,
  bias: Pointer,
  { M, N, K, transposeA, activation }: Product,
  rows: number,
): void {
  const { MR, realBytes } = e;
  const ap = e.temp(rows * K * realBytes);
  const block = (from: Pointer, to: Pointer, count: number) => {
    const pack = transposeA ? kernels.packAT : kernels.packA;
    e.row(pack(ap, from, count, MR, K, transposeA ? M : K));
    e.row(kernels.gemm(to, ap, bp, bias, count, MR, N, K, N, 0, activation));
  };
  const step = (transposeA ? 1 : K) * rows;
  const count = Math.floor(M / rows);
  e.repeat(count, (moving) =>
    block(moving(a, step * realBytes), moving(c, rows * N * realBytes), rows),
  );
  const rest = M - count * rows;
  if (rest) block(moved(e, a, count * step), moved(e, c, count * rows * N), rest);
}

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
        const ap = packedA(e, e.at(a), whole);
        e.row(kernels.gemmPanels(panels, ap, packedB(e, b, whole), N, e.NR, whole.M, K));
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
