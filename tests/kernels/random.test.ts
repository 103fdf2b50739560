import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import type { Pointer, Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { normalCdf, philox, randomWord as wordOf } from '../support/random.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads, stepRow } from '../support/threads.ts';

const SEED = 0x12345678;
const KEY = 0x9abcdef0;
const STREAM = 0xdeadbeef;

const randomWord = (i: number, stream = STREAM, key = KEY) => wordOf(i, stream, SEED, key);

const SIZES = [...range(20), 31, 32, 33, 100, 257];

describe.each(BUILDS)('random, %s', (build) => {
  const tolerance = build === 'f64' ? 2e-6 : 4e-6;

  function sample(n: number, make: (y: Pointer, step: Pointer) => Row, key = KEY): number[] {
    const bench = new KernelBench(build);
    const y = bench.output(n);
    runOnThreads(bench, make(y, stepRow(bench, { seed: SEED, key })), y);
    return bench.real(y);
  }

  test('known answers of Random123', () => {
    const ones = 0xffffffff;
    const vectors = [
      [
        [0, 0, 0, 0],
        [0, 0],
        [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
      ],
      [
        [ones, ones, ones, ones],
        [ones, ones],
        [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
      ],
      [
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        [0xa4093822, 0x299f31d0],
        [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
      ],
    ] as const;
    for (const [counter, key, expected] of vectors) {
      const bench = new KernelBench(build);
      const y = bench.buffer(16);
      const [c, k] = [counter, key].map((v) => bench.buffer(Uint32Array.from(v)));
      bench.run([kernels.philoxBlock(y, c as Pointer, k as Pointer)], 2);
      expect(bench.i32(y).map((v) => v >>> 0)).toEqual(expected);
      expect(philox(counter, key)).toEqual(expected);
    }
  });

  test.each(SIZES)('%i words and uniform numbers', (n) => {
    const bench = new KernelBench(build);
    const y = bench.buffer(n * 4);
    const step = stepRow(bench, { seed: SEED, key: KEY });
    runOnThreads(bench, kernels.randomBits(y, n, 1, STREAM, step), y);
    const words = range(n).map((i) => randomWord(i));
    expect(bench.i32(y).map((v) => v >>> 0)).toEqual(words);
    const units = words.map((w) => (w >>> 8) / 2 ** 24);
    expect(sample(n, (u, s) => kernels.randomUniform(u, n, 1, 0, 1, STREAM, s))).toEqual(units);
    const wide = sample(n, (u, s) => kernels.randomUniform(u, n, 3, -3, 5, STREAM, s));
    expectClose(
      wide,
      units.map((u) => 8 * u - 3),
      1e-6,
    );
  });

  test('normal numbers are the quantiles of the words', () => {
    const n = 3000;
    const plain = sample(n, (y, s) => kernels.randomNormal(y, n, 1, 0, 1, STREAM, s));
    const truncated = sample(n, (y, s) => kernels.randomTruncatedNormal(y, n, 1, 0, 1, STREAM, s));
    const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    range(n).forEach((i) => {
      const u = ((randomWord(i) >>> 8) + 0.5) / 2 ** 24;
      const z = plain[i] as number;
      expect(Math.abs((normalCdf(z) - u) / density(z))).toBeLessThan(tolerance * (1 + Math.abs(z)));
      const t = truncated[i] as number;
      expect(Math.abs(t)).toBeLessThanOrEqual(2);
      const quantile = normalCdf(-2) + u * (normalCdf(2) - normalCdf(-2));
      expect(Math.abs((normalCdf(t) - quantile) / density(t))).toBeLessThan(tolerance * 3);
    });
  });

  test('mean and standard deviation', () => {
    const n = 100_000;
    const x = sample(n, (y, s) => kernels.randomNormal(y, n, 1, 3, 0.5, STREAM, s));
    const mean = x.reduce((a, b) => a + b, 0) / n;
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    expect(Math.abs(mean - 3)).toBeLessThan(0.01);
    expect(Math.abs(variance - 0.25)).toBeLessThan(0.005);
  });

  test.each(SIZES)('dropout of %i numbers, also in place', (n) => {
    const x = numbers(n);
    for (const rate of [0, 0.1, 0.5, 1]) {
      const f32 = Math.fround(rate);
      const kept = range(n).map((i) => randomWord(i) >= f32 * 2 ** 32);
      const expected = x.map((v, i) => (kept[i] && rate < 1 ? v / (1 - f32) : 0));
      const bench = new KernelBench(build);
      const step = stepRow(bench, { seed: SEED, key: KEY });
      const [y, from] = [bench.output(n), bench.buffer(x)];
      runOnThreads(bench, kernels.dropout(y, from, n, 1, rate, STREAM, step), y);
      expectClose(bench.real(y), expected, 1e-6);
      runOnThreads(bench, kernels.dropout(from, from, n, 1, rate, STREAM, step), from);
      expect(bench.bytes(from)).toEqual(bench.bytes(y));
    }
  });

  test('dropped NaN are gone; other streams and keys decide otherwise', () => {
    const n = 64;
    const bench = new KernelBench(build);
    const x = bench.buffer(new Array(n).fill(Number.NaN));
    const keptBy = (stream: number, key: number) => {
      const y = bench.output(n);
      bench.run([kernels.dropout(y, x, n, 1, 0.5, stream, stepRow(bench, { seed: SEED, key }))]);
      return bench.real(y).map(Number.isNaN);
    };
    const kept = keptBy(STREAM, KEY);
    expect(kept).toEqual(range(n).map((i) => randomWord(i) >= 2 ** 31));
    expect(keptBy(STREAM + 1, KEY)).not.toEqual(kept);
    expect(keptBy(STREAM, KEY + 1)).not.toEqual(kept);
  });

  function permutation(n: number, key = KEY): number[] {
    const bench = new KernelBench(build);
    const y = bench.buffer(n * 4);
    bench.run([kernels.permutation(y, n, STREAM, stepRow(bench, { seed: SEED, key }))], 2);
    return bench.i32(y);
  }

  test.each([...range(20), 1000])('permutation of %i', (n) => {
    const order = permutation(n);
    expect([...order].sort((a, b) => a - b)).toEqual(range(n));
    const expected: number[] = [];
    range(n).forEach((i) => {
      const j = Number((BigInt(randomWord(i)) * BigInt(i + 1)) >> 32n);
      expected[i] = expected[j] ?? i;
      expected[j] = i;
    });
    expect(order).toEqual(expected);
  });

  test('orders of 4 are equally likely', () => {
    const bench = new KernelBench(build);
    const y = bench.buffer(16);
    const counts = new Map<string, number>();
    const rounds = 24 * 100;
    const at = bench.buffer(64);
    const view = new DataView(bench.memory.buffer, at.offset, 64);
    const run = bench.program([kernels.permutation(y, 4, 1, at)]);
    for (let key = 0; key < rounds; key++) {
      view.setUint32(16, key, true);
      run();
      const order = bench.i32(y).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chi2 = [...counts.values()].reduce((sum, c) => sum + (c - 100) ** 2 / 100, 0);
    expect(counts.size).toBe(24);
    expect(chi2).toBeLessThan(49.7); // 99.9 % of χ² with 23 degrees of freedom
  });
});
