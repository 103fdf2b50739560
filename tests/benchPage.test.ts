import { afterAll, describe, expect, test } from 'vitest';
import { wasmgrad } from '../bench/contestants/wasmgrad.ts';
import { Engines } from '../bench/engines.ts';
import { type Curve, growth } from '../bench/growth.ts';
import { type PageReport, page } from '../bench/page.ts';
import { CURVES, deepTask } from '../bench/suites/growth.ts';
import { expectStandalone } from './support/html.ts';

const engines = new Engines();
afterAll(() => engines.dispose());

const MACHINE = {
  cpu: 'CPU <x>',
  cores: 2,
  node: '24.1.0',
  v8: '13',
  os: 'Linux',
  date: '2026-01-02T03:04:05.000Z',
};
const CURVE: Curve = {
  name: 'growth/gemm',
  x: 'M = K = N',
  unit: 'GFLOP/s',
  series: [
    {
      contestant: 'wasmgrad',
      build: 'simd',
      threads: 1,
      points: [
        [16, 20],
        [32, 37.25],
      ],
    },
    {
      contestant: 'wasmgrad',
      build: 'simd',
      threads: 2,
      points: [
        [16, 19],
        [32, 40],
      ],
    },
  ],
};
const line = (name: string, contestant: string, build: string, threads: number, more: object) => ({
  suite: name.split('/')[0] as string,
  case: name,
  contestant,
  build,
  threads,
  ...more,
});
const REPORT: PageReport = {
  machine: MACHINE,
  rows: [
    line('gemm/8x8x8', 'wasmgrad', 'simd', 2, {
      median_ms: 2,
      min_ms: 1.5,
      gflops: 9.5,
      limit_ms: 1,
    }),
    line('gemm/8x8x8', 'peer <b>', 'js', 1, { median_ms: 3, min_ms: 2.5, note: 'a & b' }),
    line('gemm/9x9x9', 'wasmgrad', 'simd', 2, { median_ms: 1e-4, min_ms: 1e-4 }),
    line('gemm/9x9x9', 'peer <b>', 'js', 1, { median_ms: 4, min_ms: 4 }),
    line('size/core', 'wasmgrad', 'simd', 1, { bytes: 100_000, gzip: 40_000 }),
    line('peak/simd', 'wasmgrad', 'simd', 1, { median_ms: 1, min_ms: 1, gflops: 43.21 }),
  ],
  missing: [
    {
      case: 'gemm/9x9x9',
      contestant: 'other',
      build: 'wasm',
      threads: 1,
      reason: 'cannot <do>',
      wrong: false,
    },
  ],
  curves: [CURVE],
};

describe('page', () => {
  const html = page(REPORT);
  const count = (pattern: RegExp) => html.match(pattern)?.length ?? 0;

  test('stands alone: a policy that allows styles only, nothing loaded, nothing run', () => {
    expectStandalone(html);
  });

  test('one figure for each case and curve, all numbers in tables', () => {
    expect(count(/<figure>/g)).toBe(4);
    expect(count(/<svg /g)).toBe(4);
    expect(count(/<details>/g)).toBe(3);
    for (const text of ['2.00 ms', '1.50 ms', '9.50', '37.25', '100000', '40000']) {
      expect(html).toContain(`<td>${text}</td>`);
    }
    expect(html).toContain('logarithmic axis');
    expect(count(/class="mark"/g)).toBe(1);
  });

  test('says machine, versions, date, threads, builds, peak', () => {
    for (const text of [
      'CPU &lt;x&gt;, 2 cores',
      '24.1.0',
      '2026-01-02 03:04 UTC',
      'simd 43.2 GFLOP/s',
    ]) {
      expect(html).toContain(text);
    }
    expect(html).toContain('<dt>Threads</dt><dd>2, 1</dd>');
  });

  test('texts are escaped, notes and reasons shown', () => {
    expect(html).not.toMatch(/<b>"|peer <b>|cannot <do>/);
    expect(html).toContain('peer &lt;b&gt;: a &amp; b');
    expect(html).toContain('cannot &lt;do&gt;');
  });

  test('goals that were measured, with their verdicts', () => {
    const goal = { cases: ['gemm/8x8x8'], build: 'simd', threads: 2, of: 'median_ms' } as const;
    const goals = [
      { ...goal, what: 'fast <x>', atMost: 3, median: 2, least: 1.5, reached: true },
      { ...goal, what: 'slow', atMost: 1, median: 2, least: 1.5, reached: false },
      { ...goal, what: 'unknown', atMost: 1 },
    ];
    const text = page({ ...REPORT, goals });
    expect(text).toContain('1 of 2 reached');
    expect(text).toContain('<td>fast &lt;x&gt;</td>');
    expect(text).toContain('<td>missed</td>');
    expect(text).not.toContain('unknown');
  });

  test('a report of nothing is a page', () => {
    expect(page({ machine: MACHINE, rows: [], missing: [] })).not.toContain('<figure>');
  });
});

describe('growth', () => {
  test('curves that were asked for, each with a point for each size', async () => {
    const options = {
      builds: ['relaxed'],
      threads: [1],
      seconds: 0.001,
      filter: ['growth/batch', 'growth/threads'],
    } as const;
    const lines: string[] = [];
    const curves: Curve[] = [];
    const print = (text: string) => lines.push(text);
    for await (const c of growth(wasmgrad(engines), 2, options, print)) curves.push(c);
    expect(curves.map((c) => c.name)).toEqual(options.filter);
    const found = curves.map((c) => c.series.map((s) => s.points.map((p) => p[0])));
    expect(found).toEqual([[[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]], [[1, 2]]]);
    const values = curves.flatMap((c) => c.series.flatMap((s) => s.points.map((p) => p[1])));
    for (const y of values) expect(y).toBeGreaterThan(0);
    expect(lines).toHaveLength(13);
    for (const { name } of curves) expect(CURVES).toContain(name);
  });

  test('a deep network keeps its values and gradients away from denormal numbers', async () => {
    const { train } = wasmgrad(engines).open;
    if (!train) throw new Error('no training');
    const task = deepTask(400);
    const runner = await train(task, { build: 'relaxed', threads: 1 });
    await runner.run(3);
    const losses = [...Float64Array.from((await runner.output?.()) ?? [])];
    runner.dispose?.();
    expect(task.weights).toHaveLength(800);
    expect(losses).toHaveLength(3);
    for (const l of losses) expect(Math.abs(l - Math.LN2)).toBeLessThan(0.3);
    expect(losses[2] as number).toBeLessThan(losses[0] as number);
  });
});
