import { describe, expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import { Random } from '../../src/data/random.ts';
import * as synthetic from '../../src/data/synthetic/index.ts';
import {
  adam,
  dense,
  dropout,
  flatten,
  OptionError,
  type SequentialLayer,
  sequential,
} from '../../src/index.ts';
import { hashOf } from '../support/data.ts';

const { digits, friedman1, housePrices, linear } = synthetic;

const numbers = ({ x, y }: Dataset) => [x, y instanceof Int32Array ? { data: y } : y];

describe('digits', () => {
  const set = digits(1005, { seed: 3 });
  const labels = set.y as Int32Array;

  test('are grey images with labels in equal numbers', () => {
    expect(set).toMatchObject({
      name: 'digits',
      task: 'classification',
      x: { shape: [1005, 28, 28], scale: 1 / 255 },
    });
    expect(set.x.data).toBeInstanceOf(Uint8Array);
    expect(set.classNames).toEqual([...'0123456789']);
    for (let digit = 0; digit < 10; digit++) {
      expect(Math.abs(labels.filter((l) => l === digit).length - 100.5)).toBeLessThan(1);
    }
    expect(digits(3, { size: 16 }).x).toMatchObject({ shape: [3, 16, 16] });
    expect(digits(0).x.shape).toEqual([0, 28, 28]);
  });

  test('the seed decides them, whatever the number', () => {
    const few = digits(200, { seed: 3 });
    expect(few.x.data).toEqual(set.x.data.slice(0, 200 * 784));
    expect(few.y).toEqual(labels.slice(0, 200));
    expect(digits(200, { seed: 4 }).x.data).not.toEqual(few.x.data);
  });

  test('all of them leave a mark on a dark ground, none is cut at more than a corner', () => {
    for (let i = 0; i < 1005; i++) {
      const image = set.x.data.subarray(i * 784, (i + 1) * 784);
      const lit = image.filter((v) => v > 80).length;
      const border = image.filter(
        (v, p) => v > 80 && (p < 28 || p >= 756 || p % 28 === 0 || p % 28 === 27),
      ).length;
      expect(lit, `digit ${i}`).toBeGreaterThan(15);
      expect(lit, `digit ${i}`).toBeLessThan(392);
      expect(border, `digit ${i}`).toBeLessThan(12);
    }
  });

  test('2,000 and more a second', () => {
    const start = process.cpuUsage();
    digits(2000);
    expect(process.cpuUsage(start).user).toBeLessThan(1e6);
  });

  test('are not trivial, and can be learned', { timeout: 60_000 }, async () => {
    const { x, y } = digits(12_000);
    const part = (from: number, to: number) =>
      [
        { ...x, data: x.data.subarray(from * 784, to * 784), shape: [to - from, 28, 28] },
        (y as Int32Array).subarray(from, to),
      ] as const;
    const testAccuracy = async (
      layers: SequentialLayer[],
      learningRate: number,
      epochs: number,
    ) => {
      using net = sequential([flatten(), ...layers, dense(10, { activation: 'softmax' })], {
        seed: 1,
        threads: 2,
      });
      net.compile({
        optimizer: adam({ learningRate }),
        loss: 'sparseCategoricalCrossentropy',
        metrics: ['accuracy'],
      });
      await net.fit(...part(0, 10_000), { epochs, batchSize: 100 });
      return (await net.evaluate(...part(10_000, 12_000), { batchSize: 500 }))['accuracy'];
    };
    const hidden = (units: number) => [dense(units, { activation: 'relu' }), dropout(0.2)];
    expect(await testAccuracy([], 2e-3, 25)).toBeLessThan(0.93);
    expect(await testAccuracy([...hidden(256), ...hidden(128)], 1e-3, 15)).toBeGreaterThan(0.97);
  });
});

test.each<[keyof typeof synthetic, number[], number]>([
  ['moons', [2], 2],
  ['circles', [2], 2],
  ['spirals', [2], 3],
  ['blobs', [2], 3],
  ['flower', [2], 2],
  ['linear', [5], 0],
  ['sine', [1], 0],
  ['friedman1', [10], 0],
  ['housePrices', [6], 0],
])(
  '%s: shapes, finite numbers, classes in equal numbers, the same from the same seed',
  (name, row, classes) => {
    const make = (seed: number) => synthetic[name](300, { seed });
    const { x, y, task, featureNames } = make(1);
    expect(make(1).name).toBe(name);
    expect(task).toBe(classes > 0 ? 'classification' : 'regression');
    expect(x.shape).toEqual([300, ...row]);
    expect(featureNames?.length).toBe(row[0]);
    expect(Array.from(x.data).every(Number.isFinite)).toBe(true);
    if (y instanceof Int32Array) {
      for (let k = 0; k < classes; k++) expect(y.filter((l) => l === k).length).toBe(300 / classes);
    } else {
      expect(y.shape).toEqual([300, 1]);
      expect(Array.from(y.data).every(Number.isFinite)).toBe(true);
    }
    expect(numbers(make(1))).toEqual(numbers(make(1)));
    expect(numbers(make(2))).not.toEqual(numbers(make(1)));
  },
);

/** Bits of every set: they must be those of every engine and version. */
test('numbers stay as they are', () => {
  const hashes = Object.entries(synthetic).map(([name, make]) => [
    name,
    hashOf(numbers(make(50, { seed: 5 }))),
  ]);
  expect(Object.fromEntries(hashes)).toMatchInlineSnapshot(`
    {
      "blobs": "1523a6fb9c7525a",
      "circles": "f490729dca9b9c6c",
      "digits": "7f489ded6e63c2ab",
      "flower": "91c858ea1858d9a5",
      "friedman1": "88f9cd1d0ad14dd6",
      "housePrices": "1ea9f0ac7b843a70",
      "linear": "5b169d7228520c8f",
      "moons": "f029223493020275",
      "sine": "e271978495a274fd",
      "spirals": "fd2a4ba749bf632e",
    }
  `);
});

describe('without noise', () => {
  const points = (set: Dataset) =>
    Array.from(set.y as Int32Array, (label, i) => {
      const [a, b] = [set.x.data[2 * i] as number, set.x.data[2 * i + 1] as number];
      return { label, a, b, r: Math.hypot(a, b) };
    });
  const options = { noise: 0, seed: 2 };

  test('points lie where they should', () => {
    for (const { label, r } of points(synthetic.circles(50, { ...options, factor: 0.3 })))
      expect(r).toBeCloseTo(label === 0 ? 1 : 0.3, 5);
    for (const { label, a, b } of points(synthetic.moons(50, options))) {
      expect(label === 0 ? Math.hypot(a, b) : Math.hypot(a - 1, b - 0.5)).toBeCloseTo(1, 5);
    }
    for (const { a, b, r } of points(synthetic.flower(50, options))) {
      expect(r).toBeCloseTo(Math.abs(4 * Math.sin(4 * Math.atan2(a, b))), 4);
    }
    for (const { label, a, b, r } of points(synthetic.spirals(50, options))) {
      const turns = Math.atan2(b, a) / (2 * Math.PI) - label / 3 - 0.75 * r;
      expect(turns - Math.round(turns)).toBeCloseTo(0, 4);
    }
    for (const { r } of points(synthetic.blobs(50, { ...options, classes: 5 })))
      expect(r).toBeCloseTo(3, 5);
  });

  test('values follow their formula', () => {
    const { x, y } = friedman1(50, options);
    const { x: angle, y: wave } = synthetic.sine(50, options);
    for (let i = 0; i < 50; i++) {
      const [a, b, c, d, e] = x.data.slice(10 * i, 10 * i + 5) as unknown as [
        number,
        number,
        number,
        number,
        number,
      ];
      const expected = 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e;
      expect((y as typeof x).data[i]).toBeCloseTo(expected, 4);
      expect((wave as typeof x).data[i]).toBeCloseTo(Math.sin(angle.data[i] as number), 5);
    }
  });
});

test('prices of houses are plausible', () => {
  const { x, y } = housePrices(2000);
  const column = (k: number) => Array.from({ length: 2000 }, (_, i) => x.data[6 * i + k] as number);
  const ranges = [
    [28, 420],
    [1, 14],
    [0, 140],
    [0, 30],
    [0, 1300],
    [1, 5],
  ] as const;
  ranges.forEach(([least, most], k) => {
    expect(Math.min(...column(k))).toBeGreaterThanOrEqual(least);
    expect(Math.max(...column(k))).toBeLessThanOrEqual(most);
  });
  const prices = Array.from((y as typeof x).data).sort((a, b) => a - b);
  expect(prices[0]).toBeGreaterThan(0);
  expect(prices[1000]).toBeGreaterThan(200);
  expect(prices[1000]).toBeLessThan(600);
});

test.each<[string, () => unknown, RegExp]>([
  ['a part of an example', () => digits(1.5), /digits: 1.5 examples/],
  ['fewer than none', () => linear(-1), /linear: -1 examples/],
  ['tiny images', () => digits(1, { size: 4 }), /size is 4/],
  ['a seed that is no whole number', () => digits(1, { seed: 0.5 }), /seed is 0.5/],
  ['negative noise', () => synthetic.moons(1, { noise: -1 }), /moons: noise is -1/],
  ['an odd number of petals', () => synthetic.flower(1, { petals: 3 }), /3 petals/],
  ['half a class', () => synthetic.spirals(1, { classes: 2.5 }), /2.5 classes/],
  [
    'too few features',
    () => friedman1(1, { features: 4 }),
    /4 features, expected a whole number from 5/,
  ],
])('%s is refused', (_name, make, message) => {
  expect(make).toThrow(OptionError);
  expect(make).toThrow(message);
});

describe('Random', () => {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;

  test('has the moments of its distributions', () => {
    const random = new Random(1);
    const normal = Array.from({ length: 20_000 }, () => random.normal());
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(Math.abs(mean(normal.map((v) => v * v)) - 1)).toBeLessThan(0.05);
    const uniform = Array.from({ length: 20_000 }, () => random.uniform(2, 4));
    expect(Math.abs(mean(uniform) - 3)).toBeLessThan(0.02);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...uniform)).toBeLessThan(4);
  });

  test('streams and seeds differ, also by 2³² and in sign', () => {
    const keys = [
      [0, 0],
      [0, 1],
      [1, 0],
      [-1, 0],
      [2 ** 32, 0],
      [2 ** 32 + 1, 0],
    ] as const;
    expect(new Set(keys.map(([seed, stream]) => new Random(seed, stream).word())).size).toBe(
      keys.length,
    );
  });

  test('shuffles to every order equally often', () => {
    const random = new Random(3);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle([1, 2, 3]).join('');
      counts[order] = (counts[order] ?? 0) + 1;
    }
    expect(Object.keys(counts).length).toBe(6);
    for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});
