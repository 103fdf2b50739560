import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { exact, fixed, relativeError } from '../support/exact.ts';
import { type BuildName, KernelBench } from '../support/kernel.ts';
import { BUILDS, numbers } from '../support/threads.ts';

type Name = Exclude<keyof typeof exact, 'pow'>;

const logarithmic = (from: number, to: number, n: number): number[] =>
  numbers(n, 5).map((v) =>
    Math.exp(Math.log(from) + (Math.log(to) - Math.log(from)) * (v / 4 + 0.5)),
  );
const both = (x: number[]): number[] => [...x, ...x.map((v) => -v)];

/** Arguments in f64; bounds: relative in f64, ulp in f32 against f64. */
const functions: Record<Name, { x: number[]; f64: number; f32: number }> = {
  exp: { x: both(logarithmic(1e-9, 700, 60)), f64: 4e-16, f32: 2.3 },
  expm1: { x: both(logarithmic(1e-12, 700, 60)), f64: 6e-16, f32: 2.2 },
  sigmoid: { x: both(logarithmic(1e-6, 700, 40)), f64: 8e-16, f32: 2.4 },
  tanh: { x: both(logarithmic(1e-12, 30, 40)), f64: 1e-15, f32: 2.8 },
  log: { x: [...logarithmic(1e-300, 1e300, 30), ...logarithmic(0.5, 2, 30)], f64: 3e-16, f32: 1 },
  log1p: { x: [...logarithmic(1e-12, 1e9, 30), -0.3, -0.9, -1e-5, -1e-9], f64: 4e-16, f32: 2 },
  sin: {
    x: both([...logarithmic(1e-9, 1e6, 40), ...logarithmic(1e6, 1e308, 40)]),
    f64: 4e-16,
    f32: 2,
  },
  cos: {
    x: both([...logarithmic(1e-9, 1e6, 40), ...logarithmic(1e6, 1e308, 40)]),
    f64: 4e-16,
    f32: 2,
  },
  erf: { x: both(logarithmic(1e-9, 7, 40)), f64: 4e-16, f32: 2 },
  gelu: { x: [...logarithmic(1e-9, 20, 30), -0.1, -0.9, -1], f64: 6e-16, f32: 4 },
  softplus: { x: both(logarithmic(1e-6, 700, 30)), f64: 1e-15, f32: 4.5 },
};
const names = Object.keys(functions) as Name[];

/** Arguments whose remainder by π/2 is smallest, as far as 2^1024. */
const nearTurns = [6381956970095103 * 2 ** 797, 5.319372648326541e255, 355, 710, 1e22, 411557987];

function evaluate(bench: KernelBench, name: Name, x: readonly number[]): number[] {
  const y = bench.output(x.length);
  bench.run([kernels[name](y, bench.buffer(x), x.length, 1)]);
  return bench.real(y);
}

function power(bench: KernelBench, x: readonly number[], y: readonly number[]): number[] {
  const z = bench.output(x.length);
  bench.run([kernels.pow(z, bench.buffer(x), bench.buffer(y), x.length, 1)]);
  return bench.real(z);
}

describe('f64 against exact arithmetic', () => {
  test.each(names)('%s', (name) => {
    const { x, f64 } = functions[name];
    const args = name === 'sin' || name === 'cos' ? [...x, ...nearTurns] : x;
    evaluate(new KernelBench('f64'), name, args).forEach((y, i) => {
      const at = args[i] as number;
      expect(Math.abs(relativeError(y, exact[name](fixed(at)))), `${at}`).toBeLessThan(f64);
    });
  });

  test('pow', () => {
    const x = [...logarithmic(1e-300, 1e300, 80), 0.9999, 1.0001, 1 + 2 ** -52, 10, 3];
    const y = x.map((v, i) => ((i % 7) - 3.3) * (i % 2 ? 0.3 : 200 / Math.abs(Math.log(v))));
    power(new KernelBench('f64'), x, y).forEach((z, i) => {
      const [a, b] = [x[i] as number, y[i] as number];
      const error = relativeError(z, exact.pow(fixed(a), fixed(b)));
      expect(Math.abs(error), `${a}^${b}`).toBeLessThan(2e-15);
    });
  });
});

const STRIDE = 1009;
const BLOCK = 1 << 16;

/** Every 1009th bit pattern. */
function* everywhere(): Generator<number> {
  for (let bits = 0; bits < 2 ** 32; bits += STRIDE) yield bits;
}

/** Where the reduction by ln 2 and by ½·ln 2 goes from one integer to the next, and the arguments with the last finite, normal or other results. */
const ENDS = [43, 87, 87.3365447505531, 87.4, 88.7228391116729, 89, 9.01, 9.1];
function* turnsOfExp(): Generator<number> {
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  const quarters = Array.from({ length: 512 }, (_, i) => ((i + 1) * Math.LN2) / 4);
  for (const x of both([...quarters, ...ENDS])) {
    value[0] = x;
    const at = bits[0] as number;
    for (let i = -700; i < 700; i++) yield at + i;
  }
}

/** Largest error in ulp, over bit patterns, of an f32 build against the f64 build. */
function sweep(
  name: Name,
  build: BuildName,
  args: Iterator<number, void>,
): { ulp: number; at: number } {
  const [bench, reference] = [new KernelBench(build), new KernelBench('f64')];
  const [x, y] = [bench.output(BLOCK), bench.output(BLOCK)];
  const [x64, y64] = [reference.output(BLOCK), reference.output(BLOCK)];
  const run = bench.program([kernels[name](y, x, BLOCK, 1)]);
  const run64 = reference.program([kernels[name](y64, x64, BLOCK, 1)]);
  const input = new Float32Array(bench.memory.buffer, x.offset, BLOCK);
  const patterns = new Uint32Array(bench.memory.buffer, x.offset, BLOCK);
  const output = new Float32Array(bench.memory.buffer, y.offset, BLOCK);
  const expected = new Float64Array(reference.memory.buffer, y64.offset, BLOCK);
  let worst = { ulp: 0, at: 0 };
  for (let more = true; more; ) {
    for (let i = 0; i < BLOCK; i++) {
      const next = args.next();
      more = !next.done;
      patterns[i] = next.value ?? 0;
    }
    new Float64Array(reference.memory.buffer, x64.offset, BLOCK).set(input);
    run();
    run64();
    for (let i = 0; i < BLOCK; i++) {
      const ulp = distance(output[i] as number, expected[i] as number);
      if (ulp > worst.ulp) worst = { ulp, at: input[i] as number };
    }
  }
  return worst;
}

const SMALLEST = 2 ** -125;

/** In ulp of f32; tiny numbers may be 0, NaN and infinities must agree. */
function distance(y: number, expected: number): number {
  const rounded = Math.fround(expected);
  if (Object.is(y, rounded) || y === rounded) return 0;
  if (Math.abs(expected) < SMALLEST) return Math.abs(y) < SMALLEST ? 0 : Number.POSITIVE_INFINITY;
  const error = Math.abs(y - expected) / 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 23);
  return error >= 0 ? error : Number.POSITIVE_INFINITY;
}

describe.each(['simd', 'relaxed'] as const)('f32 against f64, %s', (build) => {
  test.each(names.filter((name) => name !== 'gelu'))('%s', (name) => {
    const { ulp, at } = sweep(name, build, everywhere());
    expect(ulp, `${name}(${at})`).toBeLessThan(functions[name].f32);
  });

  test.each(['exp', 'sigmoid', 'tanh'] as const)('%s near its turns and ends', (name) => {
    const { ulp, at } = sweep(name, build, turnsOfExp());
    expect(ulp, `${name}(${at})`).toBeLessThan(functions[name].f32);
  });

  test('gelu: the relative error grows with x² on the left', () => {
    const x = numbers(4096).map((v) => Math.fround(v * 6));
    const y = evaluate(new KernelBench(build), 'gelu', x);
    evaluate(new KernelBench('f64'), 'gelu', x).forEach((expected, i) => {
      const at = x[i] as number;
      const bound = (at > -1 ? 4 : 4 + 2 * at * at) * 2 ** -23;
      expect(Math.abs((y[i] as number) / expected - 1), `${at}`).toBeLessThan(bound);
    });
  });

  test('pow', () => {
    const x = numbers(4096).map((v) => Math.fround(2 ** (v * 20)));
    const y = numbers(4096, 2).map((v) => Math.fround(v * 3));
    const z = power(new KernelBench('f64'), x, y);
    power(new KernelBench(build), x, y).forEach((v, i) => {
      const expected = Math.fround(z[i] as number);
      expect(distance(v, z[i] as number), `${x[i]}^${y[i]} = ${expected}`).toBeLessThan(0.51);
    });
  });
});

const [NAN, INF] = [Number.NaN, Number.POSITIVE_INFINITY];
const special: Record<Name, [x: number, y: number][]> = {
  exp: [
    [0, 1],
    [-0, 1],
    [INF, INF],
    [-INF, 0],
    [-1e30, 0],
    [1e30, INF],
  ],
  expm1: [
    [0, 0],
    [-0, -0],
    [INF, INF],
    [-INF, -1],
    [-1e30, -1],
    [1e30, INF],
  ],
  sigmoid: [
    [0, 0.5],
    [-0, 0.5],
    [INF, 1],
    [-INF, 0],
  ],
  tanh: [
    [0, 0],
    [-0, -0],
    [INF, 1],
    [-INF, -1],
    [30, 1],
    [-30, -1],
  ],
  log: [
    [0, -INF],
    [-0, -INF],
    [1, 0],
    [INF, INF],
    [-1, NAN],
    [-INF, NAN],
  ],
  log1p: [
    [0, 0],
    [-0, -0],
    [-1, -INF],
    [INF, INF],
    [-2, NAN],
    [-INF, NAN],
  ],
  sin: [
    [0, 0],
    [-0, -0],
    [INF, NAN],
    [-INF, NAN],
  ],
  cos: [
    [0, 1],
    [-0, 1],
    [INF, NAN],
    [-INF, NAN],
  ],
  erf: [
    [0, 0],
    [-0, -0],
    [INF, 1],
    [-INF, -1],
    [10, 1],
  ],
  gelu: [
    [0, 0],
    [INF, INF],
    [-INF, -0],
  ],
  softplus: [
    [INF, INF],
    [-INF, 0],
  ],
};

/** x, y, x^y: the table of C99, annex F.9.4.4. */
const specialPowers: [x: number, y: number, z: number][] = [
  ...[NAN, 0, -0, 1, -1, INF, -INF, 5].map((x): [number, number, number] => [x, 0, 1]),
  ...[NAN, INF, -INF, 7.5, -3].map((y): [number, number, number] => [1, y, 1]),
  [NAN, 1, NAN],
  [2, NAN, NAN],
  [-1, INF, 1],
  [-1, -INF, 1],
  [0, 3, 0],
  [-0, 3, -0],
  [-0, 2, 0],
  [0, -3, INF],
  [-0, -3, -INF],
  [-0, -2, INF],
  [0, 0.5, 0],
  [-0, 0.5, 0],
  [0, INF, 0],
  [0, -INF, INF],
  [2, INF, INF],
  [2, -INF, 0],
  [0.5, INF, 0],
  [0.5, -INF, INF],
  [-2, INF, INF],
  [-0.5, INF, 0],
  [INF, 2, INF],
  [INF, -2, 0],
  [-INF, 3, -INF],
  [-INF, 2, INF],
  [-INF, -3, -0],
  [-INF, -2, 0],
  [-INF, 0.5, INF],
  [-2, 3, -8],
  [-2, 2, 4],
  [-2, -1, -0.5],
  [-2, 0.5, NAN],
  [2, 10, 1024],
  [10, 2, 100],
  [1e30, 1e30, INF],
  [1e30, -1e30, 0],
  [-3, 1e30, INF],
  [2, -1, 0.5],
];

describe.each(BUILDS)('special values, %s', (build) => {
  test.each(names)('%s', (name) => {
    const cases: [number, number][] = [...special[name], [NAN, NAN]];
    const y = evaluate(
      new KernelBench(build),
      name,
      cases.map(([x]) => x),
    );
    expect(y).toEqual(cases.map(([, expected]) => expected));
  });

  test('pow', () => {
    const [x, y] = [specialPowers.map((c) => c[0]), specialPowers.map((c) => c[1])];
    expect(power(new KernelBench(build), x, y)).toEqual(specialPowers.map((c) => c[2]));
  });
});
