import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { fans, initializer, initializers } from '../../src/nn/init.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';

const SHAPE = [200, 300];
const N = 200 * 300;

interface Moments {
  readonly mean: number;
  readonly variance: number;
  /** Bounds of the values. */
  readonly low: number;
  readonly high: number;
}

const uniform = (variance: number): Moments => ({
  mean: 0,
  variance,
  low: -Math.sqrt(3 * variance),
  high: Math.sqrt(3 * variance),
});
const truncated = (variance: number): Moments => {
  const cut = (2 * Math.sqrt(variance)) / 0.87962566103423978;
  return { mean: 0, variance, low: -cut, high: cut };
};
const exactly = (value: number): Moments => ({ mean: value, variance: 0, low: value, high: value });
const UNIT = 0.87962566103423978 ** 2;

const CASES: [string, object, Moments][] = [
  ['zeros', {}, exactly(0)],
  ['ones', {}, exactly(1)],
  ['constant', { value: 0.25 }, exactly(0.25)],
  ['randomNormal', {}, { mean: 0, variance: 0.0025, low: -1, high: 1 }],
  ['randomNormal', { mean: 2, std: 0.5 }, { mean: 2, variance: 0.25, low: -4, high: 8 }],
  ['truncatedNormal', { std: 0.5 }, { mean: 0, variance: 0.25 * UNIT, low: -1, high: 1 }],
  ['randomUniform', {}, uniform(0.0025 / 3)],
  ['randomUniform', { min: 1, max: 3 }, { mean: 2, variance: 1 / 3, low: 1, high: 3 }],
  ['heNormal', {}, truncated(2 / 200)],
  ['heUniform', {}, uniform(2 / 200)],
  ['xavier', {}, { mean: 0, variance: 1 / 200, low: -1, high: 1 }],
  ['glorotNormal', {}, truncated(2 / 500)],
  ['glorotUniform', {}, uniform(2 / 500)],
  ['lecunNormal', {}, truncated(1 / 200)],
  ['lecunUniform', {}, uniform(1 / 200)],
  [
    'varianceScaling',
    { scale: 3, mode: 'fanOut', distribution: 'normal' },
    { mean: 0, variance: 3 / 300, low: -1, high: 1 },
  ],
];

describe.each(['simd', 'f64'] as const)('build %s', (build) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ kind: 'inline', build });
  });
  afterAll(() => engine.dispose());

  it.each(CASES)('%s %o has its moments', async (name, options, { mean, variance, low, high }) => {
    const { data, shape } = await evaluate(initializer({ name, ...options })(SHAPE, 7), { engine });
    expect(shape).toEqual(SHAPE);
    let [sum, squares, least, most] = [0, 0, Infinity, -Infinity];
    for (const x of data) {
      sum += x;
      squares += (x - mean) ** 2;
      least = Math.min(least, x);
      most = Math.max(most, x);
    }
    const error = 5 / Math.sqrt(N);
    expect(Math.abs(sum / N - mean)).toBeLessThanOrEqual(error * Math.sqrt(variance) + 1e-12);
    expect(Math.abs(squares / N - variance)).toBeLessThanOrEqual(error * 1.5 * variance + 1e-12);
    expect(least).toBeGreaterThanOrEqual(low - 1e-7);
    expect(most).toBeLessThanOrEqual(high + 1e-7);
  });

  it('identity', async () => {
    const { data } = await evaluate(initializer({ name: 'identity', gain: 2 })([2, 3], 1), {
      engine,
    });
    expect([...data]).toEqual([2, 0, 0, 0, 2, 0]);
  });

  it.each([
    [[40, 40], 1],
    [[60, 13], 1],
    [[13, 60], 2],
    [[3, 3, 5, 7], 1],
    [[1, 1], 1],
  ])('orthogonal %s times %s: QᵀQ = gain²·I', async (shape, gain) => {
    const { data } = await evaluate(initializers.orthogonal({ gain })(shape, 3), { engine });
    const columns = shape.at(-1) as number;
    const rows = data.length / columns;
    const wide = columns > rows;
    const [n, length] = wide ? [rows, columns] : [columns, rows];
    const at = (unit: number, k: number) =>
      (wide ? data[unit * columns + k] : data[k * columns + unit]) as number;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < length; k++) dot += at(i, k) * at(j, k);
        expect(Math.abs(dot / gain ** 2 - (i === j ? 1 : 0))).toBeLessThan(1e-6);
      }
    }
  });

  it('streams are independent, the same stream repeats', async () => {
    const he = initializers.heNormal();
    const [a, b, c] = await evaluate([he([64], 1), he([64], 2), he([64], 1)], { engine });
    expect(a).toEqual(c);
    expect(a?.data).not.toEqual(b?.data);
  });
});

it.each([
  [[], 1, 1],
  [[5], 5, 5],
  [[784, 128], 784, 128],
  [[3, 5, 16, 32], 240, 480],
])('fans of %s', (shape, fanIn, fanOut) => expect(fans(shape)).toEqual({ fanIn, fanOut }));

it.each([
  [() => initializers.randomNormal({ std: -1 }), 'randomNormal: std is -1, expected a number ≥ 0'],
  [
    () => initializers.randomUniform({ min: 1, max: 0 }),
    'randomUniform: max is 0, expected a number ≥ 1',
  ],
  [
    () => initializers.varianceScaling({ mode: 'fan' as 'fanIn' }),
    'mode "fan", expected fanIn,fanOut,fanAvg',
  ],
  [() => initializers.orthogonal()([3], 0), 'orthogonal: shape [3], expected at least two axes'],
  [() => initializers.identity()([3], 0), 'identity: shape [3], expected two axes'],
  [() => initializer('xavir'), 'unknown initializer "xavir"; did you mean "xavier"?'],
])('wrong options are errors in words', (body, words) => expect(body).toThrow(words));

it('takes a name, a configuration, a maker or a function', () => {
  const own = initializers.constant(3);
  expect(own.config).toEqual({ name: 'constant', value: 3 });
  expect(initializer(own)).toBe(own);
  expect(initializer(initializers.ones as never).config).toEqual({ name: 'ones' });
  expect(initializer('heNormal').config).toEqual({ name: 'heNormal' });
});
