import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import type { Pointer, Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads } from '../support/threads.ts';

const SIZES = [...range(21), 31, 32, 33, 200];
const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1, -1, 0.5];

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

const relu: Unary = (x) => (x < 0 ? 0 : x);
const sigmoid: Unary = (x) => 1 / (1 + Math.exp(-x));
const softplus: Unary = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const halfEven: Unary = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const mask = (condition: boolean): number => (condition ? 1 : 0);

function erf(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) > 6) return Math.sign(x);
  let sum = 0;
  for (let term = x, i = 0; i < 120; term *= (-x * x) / ++i) sum += term / (2 * i + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}
const normal: Unary = (x) => (1 + erf(x / Math.SQRT2)) / 2;
const density: Unary = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const gelu: Unary = (x) => (x === Number.NEGATIVE_INFINITY ? 0 : x * normal(x));
const geluSlope: Unary = (x) =>
  Number.isFinite(x) ? normal(x) + x * density(x) : x > 0 ? 1 : x < 0 ? 0 : x;

const unary: Record<string, Unary> = {
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  square: (x) => x * x,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid,
  erf: (x) => (Number.isNaN(x) ? x : erf(x)),
  relu,
  softplus,
  floor: Math.floor,
  ceil: Math.ceil,
  round: halfEven,
  gelu: (x) => (Number.isNaN(x) ? x : gelu(x)),
  not: (x) => 1 - x,
  isFinite: (x) => mask(Number.isFinite(x)),
};

const scaled: Record<string, { scalars: number[]; f: Unary }> = {
  affine: { scalars: [1.5, -0.25], f: (x) => 1.5 * x - 0.25 },
  leakyRelu: { scalars: [0.125], f: (x) => (x > 0 ? x : 0.125 * x) },
  elu: { scalars: [0.75], f: (x) => (x > 0 ? x : 0.75 * Math.expm1(x)) },
  clip: { scalars: [-0.5, 1.25], f: (x) => (x < -0.5 ? -0.5 : x > 1.25 ? 1.25 : x) },
  powScalar: { scalars: [3], f: (x) => x ** 3 },
};

const gradients: Record<string, { scalars?: number[]; f: Binary }> = {
  reluGrad: { f: (dy, y) => (y > 0 ? dy : 0) },
  leakyReluGrad: { scalars: [0.125], f: (dy, x) => (x > 0 ? dy : dy * 0.125) },
  eluGrad: { scalars: [0.75], f: (dy, y) => (y > 0 ? dy : dy * (y + 0.75)) },
  clipGrad: { scalars: [-0.5, 1.25], f: (dy, x) => (x >= -0.5 && x <= 1.25 ? dy : 0) },
  tanhGrad: { f: (dy, y) => dy * (1 - y * y) },
  sigmoidGrad: { f: (dy, y) => dy * y * (1 - y) },
  geluGrad: { f: (dy, x) => dy * geluSlope(x) },
  softplusGrad: { f: (dy, x) => dy * sigmoid(x) },
};

const binary: Record<string, Binary> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => mask(a === b),
  notEqual: (a, b) => mask(a !== b),
  less: (a, b) => mask(a < b),
  lessEqual: (a, b) => mask(a <= b),
  greater: (a, b) => mask(a > b),
  greaterEqual: (a, b) => mask(a >= b),
};

type Constructor = (...args: (Pointer | number)[]) => Row;
const row = (name: string, ...args: (Pointer | number)[]): Row =>
  (kernels as unknown as Record<string, Constructor>)[name]?.(...args) as Row;

/** n numbers in [−2, 2), some of them special. */
const mixed = (n: number, seed = 1): number[] =>
  numbers(n, seed).map((v, i) =>
    i % 5 === 4 ? (SPECIAL[(i * seed) % SPECIAL.length] as number) : v,
  );

describe.each(BUILDS)('%s', (build) => {
  const tolerance = build === 'f64' ? 1e-14 : 1e-6;

  /** Runs the row that `make` gives for buffers of the inputs, apart and with the output in place of each input. */
  function check(
    name: string,
    n: number,
    inputs: number[][],
    expected: number[],
    make: (y: Pointer, ...x: Pointer[]) => Row,
  ): void {
    const bench = new KernelBench(build);
    const apart = [bench.output(n), ...inputs.map((x) => bench.buffer(x))] as [
      Pointer,
      ...Pointer[],
    ];
    const target = apart[0];
    runOnThreads(bench, make(...apart), target);
    expectClose(bench.real(target), expected, tolerance, name);
    inputs.forEach((x, i) => {
      if (x.length !== n) return;
      const pointers = inputs.map((input) => bench.buffer(input));
      const shared = pointers[i] as Pointer;
      runOnThreads(bench, make(shared, ...pointers), shared);
      expectClose(bench.real(shared), expected, tolerance, `${name} in place of ${i}`);
    });
  }

  test.each(Object.keys(unary))('%s', (name) => {
    for (const n of SIZES) {
      const x = name === 'round' ? mixed(n).map((v) => Math.round(v * 8) / 2) : mixed(n);
      const expected = x.map(unary[name] as Unary);
      check(name, n, [x], expected, (y, p) => row(name, y, p as Pointer, n, 1));
    }
  });

  test.each(Object.keys(scaled))('%s', (name) => {
    const { scalars, f } = scaled[name] as { scalars: number[]; f: Unary };
    for (const n of SIZES) {
      const x = mixed(n);
      check(name, n, [x], x.map(f), (y, p) => row(name, y, p as Pointer, n, 1, ...scalars));
    }
  });

  test('powScalar with exponent 2', () => {
    const x = mixed(21);
    const square = x.map((v) => v * v);
    check('powScalar', 21, [x], square, (y, p) => row('powScalar', y, p as Pointer, 21, 1, 2));
  });

  test.each(Object.keys(gradients))('%s', (name) => {
    const { scalars = [], f } = gradients[name] as { scalars?: number[]; f: Binary };
    for (const n of SIZES) {
      const [dy, y] = [numbers(n, 3), mixed(n)];
      const expected = dy.map((d, i) => f(d, y[i] as number));
      check(name, n, [dy, y], expected, (dx, ...p) => row(name, dx, ...p, n, 1, ...scalars));
    }
  });

  test.each(Object.keys(binary))('%s', (name) => {
    const f = binary[name] as Binary;
    for (const n of SIZES) {
      const [a, b] = [mixed(n), mixed(n, 2)];
      const expected = a.map((v, i) => f(v, b[i] as number));
      check(name, n, [a, b], expected, (z, ...p) => row(name, z, ...p, n, 1));
    }
  });

  test.each(Object.keys(binary))('%sBroadcast', (name) => {
    const f = binary[name] as Binary;
    for (const [rows, cols] of [
      [0, 3],
      [1, 1],
      [3, 0],
      [1, 9],
      [9, 1],
      [5, 3],
      [3, 8],
      [4, 17],
    ] as const) {
      for (const [bRow, bCol] of [
        [0, 0],
        [0, 1],
        [1, 0],
      ] as const) {
        const a = mixed(rows * cols);
        const b = numbers(Math.max(bRow * rows, bCol * cols, 1), 2);
        const at = (i: number) => Math.floor(i / cols) * bRow + (i % cols) * bCol;
        const expected = a.map((v, i) => f(v, b[at(i)] as number));
        const what = `${name} [${rows}, ${cols}] (${bRow}, ${bCol})`;
        const inputs = b.length === a.length && rows > 1 && cols > 1 ? [a, [...b, 0]] : [a, b];
        check(what, a.length, inputs, expected, (z, ...p) =>
          row(`${name}Broadcast`, z, ...p, rows, 1, cols, bRow, bCol),
        );
      }
    }
  });

  test('select, equalI32', () => {
    for (const n of SIZES) {
      const [c, a, b] = [
        numbers(n).map((v, i) => (i % 3 ? v : i % 2 ? 0 : -0)),
        mixed(n),
        mixed(n, 2),
      ];
      const chosen = c.map((v, i) => (v !== 0 ? a[i] : b[i]) as number);
      check('select', n, [c, a, b], chosen, (z, ...p) => row('select', z, ...p, n, 1));
      const bench = new KernelBench(build);
      const [i0, i1] = [range(n), range(n).map((i) => (i % 3 ? i : -i))];
      const z = bench.output(n);
      const [p0, p1] = [bench.buffer(Int32Array.from(i0)), bench.buffer(Int32Array.from(i1))];
      runOnThreads(bench, kernels.equalI32(z, p0, p1, n, 1), z);
      expect(bench.real(z)).toEqual(i0.map((v, i) => mask(v === -(-(i1[i] as number)))));
    }
  });

  test('casts', () => {
    for (const n of SIZES) {
      const bench = new KernelBench(build);
      const integers = Int32Array.from(range(n), (i) => (i - 3) * 1234567);
      const bytes = Uint8Array.from(range(n), (i) => i * 37);
      const reals = range(n).map((i) => [2.9, -2.9, Number.NaN, 1e30, -1e30, 7][i % 6] as number);
      const [y, z] = [bench.output(n), bench.buffer(n * 4)];
      runOnThreads(bench, kernels.i32ToReal(y, bench.buffer(integers), n, 1), y);
      expect(bench.real(y)).toEqual([...bench.reals([...integers])]);
      runOnThreads(bench, kernels.u8ToReal(y, bench.buffer(bytes), n, 1, 0.5, -1), y);
      expect(bench.real(y)).toEqual([...bytes].map((v) => v * 0.5 - 1));
      runOnThreads(bench, kernels.realToI32(z, bench.buffer(reals), n, 1), z);
      const saturated = [2, -2, 0, 2 ** 31 - 1, -(2 ** 31), 7];
      expect(bench.i32(z)).toEqual(range(n).map((i) => saturated[i % 6]));
    }
  });
});
