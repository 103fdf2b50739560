import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';

const builds = ['simd', 'relaxed', 'turbo', 'f64'] as const;
const forms = ['gemm', 'gemmColumns', 'inPlace', 'gemmSmall'] as const;
const activations = [
  (x: number) => x,
  (x: number) => (x > 0 || Number.isNaN(x) ? x : 0),
  (x: number) => 1 / (1 + Math.exp(-x)),
  Math.tanh,
];

interface Product {
  M: number;
  N: number;
  K: number;
  transA?: boolean;
  transB?: boolean;
  beta?: number;
  activation?: number;
  bias?: readonly number[];
  /** Elements between the end of a row and the next row, in A, B and C. */
  gap?: number;
  a: readonly number[];
  b: readonly number[];
  c?: readonly number[];
}

/** Eighths between −1 and 1: sums of their products are exact in f32, so results must be equal. */
function eighths(n: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 16) % 17) / 8 - 1;
  });
}

/**
 * Row-major [rows, cols] laid out with a gap behind each row, transposed first where wanted; the
 * gap is NaN.
 */
function store(x: readonly number[], rows: number, cols: number, transposed = false, gap = 0) {
  const [R, C] = transposed ? [cols, rows] : [rows, cols];
  const at = (r: number, c: number) => (transposed ? x[c * cols + r] : x[r * cols + c]) as number;
  const stored = Array.from({ length: R * (C + gap) }, (_, i) => {
    const [r, c] = [Math.floor(i / (C + gap)), i % (C + gap)];
    return c < C ? at(r, c) : Number.NaN;
  });
  return { stored, ld: C + gap };
}

function reference(p: Product): number[] {
  return Array.from({ length: p.M * p.N }, (_, i) => {
    const [m, n] = [Math.floor(i / p.N), i % p.N];
    let sum = (p.bias?.[n] ?? 0) + (p.beta ? (p.c?.[i] as number) : 0);
    for (let k = 0; k < p.K; k++)
      sum += (p.a[m * p.K + k] as number) * (p.b[k * p.N + n] as number);
    return activations[p.activation ?? 0]?.(sum) as number;
  });
}

/**
 * The product's [M, N] through the kernels of `form`; what lies between the rows of C must stay as
 * it was.
 */
function compute(
  bench: KernelBench,
  p: Product,
  form: (typeof forms)[number],
  threads = 1,
): number[] {
  const { M, N, K, beta = 0, activation = 0, gap = 0 } = p;
  const a = store(p.a, M, K, p.transA, gap);
  const b = store(p.b, K, N, p.transB, gap);
  const old = p.c ?? new Array(M * N).fill(Number.NaN);
  const c = bench.buffer(store(old, M, N, false, gap).stored);
  const from = { a: bench.buffer(a.stored), b: bench.buffer(b.stored) };
  const bias = p.bias ? bench.buffer(p.bias) : NONE;
  const ldc = N + gap;
  if (form === 'gemmSmall') {
    const [aRow, aCol] = p.transA ? [1, a.ld] : [a.ld, 1];
    const [bRow, bCol] = p.transB ? [1, b.ld] : [b.ld, 1];
    const strides = [aRow, aCol, bRow, bCol, ldc] as const;
    bench.run(
      [kernels.gemmSmall(c, from.a, from.b, bias, M, 1, N, K, ...strides, beta, activation)],
      threads,
    );
  } else {
    const { ap, bp, mr, nr } = packed(bench, p, from, a.ld, b.ld, threads);
    const finish = [ldc, beta, activation] as const;
    const columns = (at: Pointer, aRow: number, aCol: number) =>
      kernels.gemmColumns(c, at, bp, bias, NONE, N, nr, M, K, aRow, aCol, ...finish);
    const rows = (at: Pointer, aRow: number, aCol: number) =>
      kernels.gemm(c, at, bp, bias, NONE, M, mr, N, K, aRow, aCol, ...finish);
    const inPlace = p.transA ? columns(from.a, 1, a.ld) : rows(from.a, a.ld, 1);
    const row = { gemm: rows(ap, 1, mr), gemmColumns: columns(ap, 1, mr), inPlace }[form];
    bench.run([row], threads);
  }
  const result = bench.real(c);
  for (let i = 0; i < result.length; i++) if (i % ldc >= N) expect(result[i]).toBeNaN();
  return result.filter((_, i) => i % ldc < N);
}

function packed(
  bench: KernelBench,
  p: Product,
  from: { a: Pointer; b: Pointer },
  lda: number,
  ldb: number,
  threads: number,
) {
  const [mr, nr] = [bench.exports.tileRows(), bench.exports.tileColumns()];
  const ap = bench.output(Math.ceil(p.M / mr) * mr * p.K);
  const bp = bench.output(Math.ceil(p.N / nr) * nr * p.K);
  const packA = p.transA ? kernels.packAT : kernels.packA;
  const packB = p.transB ? kernels.packBT : kernels.packB;
  bench.run([packA(ap, from.a, p.M, mr, p.K, lda), packB(bp, from.b, p.N, nr, p.K, ldb)], threads);
  return { ap, bp, mr, nr };
}

/** y[N] = x[K]·B through gemv or gemvT. */
function computeVector(bench: KernelBench, p: Product, threads: number): number[] {
  const b = store(p.b, p.K, p.N, p.transB, p.gap);
  const y = bench.buffer(p.c ?? new Array(p.N).fill(Number.NaN));
  const [x, at] = [bench.buffer(p.a), bench.buffer(b.stored)];
  const bias = p.bias ? bench.buffer(p.bias) : NONE;
  const gemv = p.transB ? kernels.gemvT : kernels.gemv;
  const row = gemv(y, x, at, bias, p.N, 4, p.K, b.ld, p.beta ?? 0, p.activation ?? 0);
  bench.run([row], threads);
  return bench.real(y);
}

/** y[M] = A·x through gemvColumn. */
function computeColumn(bench: KernelBench, p: Product, threads: number): number[] {
  const a = store(p.a, p.M, p.K, false, p.gap);
  const y = bench.output(p.M);
  const bias = p.bias ? bench.buffer(p.bias) : NONE;
  const [from, x] = [bench.buffer(a.stored), bench.buffer(p.b)];
  bench.run([kernels.gemvColumn(y, from, x, bias, p.M, 2, p.K, a.ld, p.activation ?? 0)], threads);
  return bench.real(y);
}

function operands(M: number, N: number, K: number): Product {
  return { M, N, K, a: eighths(M * K, 3), b: eighths(K * N, 5) };
}

const edges: [M: number, N: number, K: number][] = [
  ...Array.from({ length: 20 }, (_, i): [number, number, number] => [
    i + 1,
    ((i * 7) % 20) + 1,
    ((i * 3) % 11) + 1,
  ]),
  [0, 3, 2],
  [3, 0, 2],
  [3, 9, 0],
  [13, 33, 511],
  [7, 17, 512],
  [5, 9, 513],
  [6, 8, 1025],
  [25, 530, 20],
];
const transpositions = [0, 1, 2, 3].map((i) => ({ transA: (i & 1) > 0, transB: (i & 2) > 0 }));

describe.each(builds)('%s', (build) => {
  const check = (p: Product, equal = exactly) => {
    const expected = reference(p);
    const bench = new KernelBench(build);
    for (const form of forms) {
      const one = compute(bench, p, form);
      equal(one, expected);
      for (const threads of [2, 3]) exactly(compute(bench, p, form, threads), one);
    }
    if (p.N === 1 && !p.beta && !p.transA && !p.transB) {
      const one = computeColumn(bench, p, 1);
      equal(one, expected);
      for (const threads of [2, 3]) exactly(computeColumn(bench, p, threads), one);
    }
    if (p.M !== 1) return;
    const one = computeVector(bench, p, 1);
    equal(one, expected);
    for (const threads of [2, 3]) exactly(computeVector(bench, p, threads), one);
  };

  test.each(edges)('%i × %i × %i', (M, N, K) => {
    for (const t of transpositions) check({ ...operands(M, N, K), ...t });
  });

  test.each([1, 2, 5, 8, 31, 67])('one row, %i columns', (N) => {
    for (const t of transpositions) {
      for (const K of [0, 1, 3, 4, 16, 19, 130]) {
        const [bias, c] = [eighths(N), eighths(N, 2)];
        check({ ...operands(1, N, K), ...t });
        check({ ...operands(1, N, K), ...t, bias, c, beta: 1, activation: 1 });
      }
    }
  });

  test.each([1, 2, 5, 20, 67])('one column, %i rows', (M) => {
    for (const K of [0, 1, 3, 4, 16, 19, 130]) {
      check(operands(M, 1, K));
      check({ ...operands(M, 1, K), gap: 3, bias: [0.5], activation: 1 });
    }
  });

  test('adds bias and the old C, leaves gaps alone', () => {
    for (const [M, N, K] of [
      [5, 7, 3],
      [12, 16, 9],
      [13, 21, 1030],
      [3, 9, 0],
    ] as const) {
      const bias = eighths(N, 7);
      const c = eighths(M * N, 9);
      for (const t of transpositions)
        for (const gap of [0, 3]) {
          check({ ...operands(M, N, K), ...t, gap, bias });
          check({ ...operands(M, N, K), ...t, gap, c, beta: 1 });
          check({ ...operands(M, N, K), ...t, gap, c, bias, beta: 1, activation: 1 });
        }
    }
  });

  test.each([1, 2, 3])('activation %i', (activation) => {
    for (const [M, N, K] of [
      [1, 5, 6],
      [9, 19, 7],
      [4, 8, 1025],
    ] as const)
      check({ ...operands(M, N, K), activation, bias: eighths(N) }, closely(1e-6));
  });

  test.each([
    [1, 37, 130],
    [29, 45, 70],
    [14, 45, 1030],
  ])('%i × %i × %i: the same bits for any split when sums round', (M, N, K) => {
    const [a, b] = [eighths(M * K, 3).map((x) => x / 3), eighths(K * N, 5).map((x) => x / 7)];
    for (const t of transpositions) {
      const p = { M, N, K, a, b, ...t, bias: eighths(N).map((x) => x / 3) };
      check(p, closely(1e-4));
      const bench = new KernelBench(build);
      exactly(compute(bench, p, 'gemmColumns', 2), compute(bench, p, 'gemm', 3));
    }
  });

  test('C·t = A·(B·t)', () => {
    const [M, N, K] = [31, 45, 600];
    const p = operands(M, N, K);
    const t = eighths(N, 11);
    const bench = new KernelBench(build);
    const product = (M: number, N: number, K: number, a: number[], b: number[]) =>
      compute(bench, { M, N, K, a, b }, 'gemm');
    const bt = product(K, 1, N, p.b as number[], t);
    const ct = product(M, 1, N, compute(bench, p, 'gemm'), t);
    closely(1e-3)(ct, product(M, 1, K, p.a as number[], bt));
  });

  test('NaN and Inf reach the elements that depend on them and no others', () => {
    for (const [M, N, K] of [
      [1, 5, 3],
      [5, 5, 3],
      [7, 9, 4],
      [13, 17, 5],
    ] as const)
      for (const special of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const p = operands(M, N, K);
        const a = p.a.map((x, i) => (i === (M - 1) * K + 1 ? special : x));
        const b = p.b.map((x, i) => (i === N - 1 ? special : x));
        for (const t of transpositions)
          for (const activation of [0, 1]) {
            check({ ...p, ...t, a, activation });
            check({ ...p, ...t, b, activation });
          }
      }
  });
});

function exactly(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.map((x) => x + 0)).toEqual(expected.map((x) => x + 0));
}

function closely(bound: number) {
  return (actual: readonly number[], expected: readonly number[]) => {
    expect(actual.length).toBe(expected.length);
    for (let i = 0; i < actual.length; i++)
      expect(Math.abs((actual[i] as number) - (expected[i] as number))).toBeLessThanOrEqual(bound);
  };
}
