import type { Step } from '../../src/compile/executable.ts';
import { type Shape, sizeOf, stridesOf } from '../../src/graph/shape.ts';
import type { DType, Tensor } from '../../src/graph/tensor.ts';

/** Numbers with a shape, as plain references take and give them. */
export interface Values {
  readonly shape: Shape;
  readonly data: readonly number[];
  readonly dtype: DType;
  /** Where a program finds them; default: the host writes them. */
  readonly from?: 'input' | 'variable' | 'external' | 'constant';
}

/** What one op must do with some inputs. Drives tests of values, gradients and threads, and bench rows. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Values[];
  readonly op: (...x: Tensor[]) => Tensor;
  /** The result by naive loops in f64; for an update, all variables afterwards. */
  readonly reference: (...x: Values[]) => Values | readonly Values[];
  /** Derivatives that are compared with differences: of the result (1), of its gradients too (2). Default 0. */
  readonly order?: 0 | 1 | 2;
  /** Largest error relative to 1 + |expected|, default 4e-6 in f32 and 1e-12 in f64. */
  readonly tolerance?: { readonly f32?: number; readonly f64?: number };
  readonly step?: Partial<Step>;
  /** Large enough to be timed. */
  readonly bench?: true;
}

/** [0, 1, …, n − 1] */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export function values(shape: Shape, data: readonly number[], dtype: DType = 'real'): Values {
  return { shape, data, dtype };
}

/** Each element from its indices. */
export function make(
  shape: Shape,
  element: (ix: readonly number[]) => number,
  dtype: DType = 'real',
): Values {
  const strides = stridesOf(shape);
  const indices = (i: number) => shape.map((n, d) => Math.floor(i / (strides[d] as number)) % n);
  return { shape, dtype, data: range(sizeOf(shape)).map((i) => element(indices(i))) };
}

/** The element at the last `x.shape.length` indices; axes of size 1 repeat. */
export function at(x: Values, ...ix: number[]): number {
  const missing = ix.length - x.shape.length;
  const place = x.shape.reduce(
    (sum, n, d) => sum * n + (n === 1 ? 0 : (ix[d + missing] as number)),
    0,
  );
  return x.data[place] as number;
}

export function total(x: readonly number[]): number {
  return x.reduce((a, b) => a + b, 0);
}

function shuffled(n: number, seed: number): number[] {
  const order = range(n);
  let state = seed * 7919 + 12345;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const k = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[k]] = [order[k] as number, order[i] as number];
  }
  return order;
}

/** Different numbers in (low, high), none of them where the usual functions bend, the same in f32 and f64. */
export function spread(shape: Shape, seed = 1, low = -2, high = 2): Values {
  const n = sizeOf(shape);
  const place = (k: number) => (k + 0.3 + 0.13 * (seed % 5)) / n;
  return values(
    shape,
    shuffled(n, seed).map((k) => Math.fround(low + (high - low) * place(k))),
  );
}

/** Whole numbers from 0 below `below`, most of them more than once. */
export function whole(shape: Shape, below: number, seed = 1, dtype: DType = 'i32'): Values {
  return values(
    shape,
    shuffled(sizeOf(shape), seed).map((k) => (k * 7 + seed) % below),
    dtype,
  );
}

/** Sizes at which vectors and tiles begin and end. */
export const SIZES: readonly number[] = [0, ...range(20).map((i) => i + 1), 31, 33];

export const NAN = Number.NaN;
export const INF = Number.POSITIVE_INFINITY;
export const SPECIAL: readonly number[] = [
  NAN,
  INF,
  -INF,
  0,
  -0,
  1,
  -1,
  0.5,
  -1.5,
  2.5,
  1e-30,
  -1e-30,
  1e30,
  -1e30,
  90,
  -105,
];

type Scalar = (...x: number[]) => number;

/** The reference of an elementwise op. */
export function elementwise(f: Scalar, dtype: DType = 'real') {
  return (...x: Values[]): Values => {
    const rank = Math.max(...x.map((v) => v.shape.length));
    const sizes = (d: number) => x.map((v) => v.shape[d - rank + v.shape.length] ?? 1);
    const shape = range(rank).map((d) => sizes(d).find((n) => n !== 1) ?? 1);
    return make(shape, (ix) => f(...x.map((v) => at(v, ...ix))), dtype);
  };
}
