import { describe, expect, test } from 'vitest';
import { openSpinners } from '../bench/cores.ts';
import {
  formatVerdicts,
  GOALS,
  type Goal,
  judge,
  PAGE_GOALS,
  verdictCells,
} from '../bench/goals.ts';
import { measure } from '../bench/measure.ts';
import { SUITES } from '../bench/suites/index.ts';
import type { Row } from '../bench/types.ts';

const row = (
  name: string,
  contestant: string,
  build: string,
  threads: number,
  more: Partial<Row>,
) => ({
  suite: name.split('/')[0] as string,
  case: name,
  contestant,
  build,
  threads,
  median_ms: 1,
  min_ms: 1,
  samples: 3,
  ...more,
});
const goal = (given: Partial<Goal>): Goal => ({
  what: 'it',
  cases: ['a/b'],
  build: 'relaxed',
  threads: 2,
  of: 'median_ms',
  ...given,
});
const ours = (threads: number, more: Partial<Row>, name = 'a/b') =>
  row(name, 'wasmgrad', 'relaxed', threads, more);

describe('goals', () => {
  test('name cases that exist', () => {
    const names = new Set(SUITES.flatMap((s) => s.cases.map((c) => c.name)));
    for (const { cases } of GOALS) for (const name of cases) expect(names).toContain(name);
    names.add('startup/page');
    for (const { cases } of PAGE_GOALS) for (const name of cases) expect(names).toContain(name);
    for (const g of [...GOALS, ...PAGE_GOALS])
      expect((g.atLeast === undefined) !== (g.atMost === undefined)).toBe(true);
  });

  test.each<[string, Partial<Goal>, Row[], object]>([
    ['at most', { atMost: 2 }, [ours(2, { median_ms: 2 })], { median: 2, reached: true }],
    [
      'above it',
      { atMost: 2 },
      [ours(2, { median_ms: 3 })],
      { reached: false, reached_by_least: true },
    ],
    [
      'by the least time',
      { of: 'peak_fraction', atLeast: 0.9 },
      [ours(2, { peak_fraction: 0.8, least_times_limit: 1.0625 })],
      { median: 0.8, least: 1 / 1.0625, reached: false, reached_by_least: true },
    ],
    [
      'in the page',
      { of: 'times_node', atMost: 1.1 },
      [ours(2, { times_node: 1.4, times_node_min: 1.05 })],
      { median: 1.4, least: 1.05, reached: false, reached_by_least: true },
    ],
    [
      'speed-up',
      { of: 'speedup', atLeast: 1.9 },
      [ours(1, { median_ms: 4 }), ours(2, { median_ms: 2 })],
      { median: 2, least: 1, reached: true, reached_by_least: false },
    ],
    [
      'the fastest of others',
      { of: 'ahead', others: ['x', 'y fast'], atLeast: 2 },
      [
        ours(2, {}),
        row('a/b', 'x', 'any', 1, { median_ms: 3, min_ms: 3 }),
        row('a/b', 'y', 'fast', 2, { median_ms: 2, min_ms: 1.5 }),
        row('a/b', 'y', 'slow', 2, { median_ms: 0.1 }),
        row('a/b', 'x', 'any', 4, { median_ms: 0.1 }),
      ],
      { median: 2, least: 1.5, reached: true, reached_by_least: false },
    ],
    [
      'the worst case',
      { cases: ['a/b', 'a/c', 'a/d'], of: 'times_limit', atMost: 1 },
      [ours(2, { times_limit: 0.5 }), ours(2, { times_limit: 1.5 }, 'a/c')],
      { case: 'a/c', median: 1.5, reached: false },
    ],
    [
      'above a baseline',
      { of: 'above_ms', atMost: 30 },
      [ours(2, { above_ms: 31, above_min_ms: 29 })],
      { median: 31, least: 29, reached: false, reached_by_least: true },
    ],
  ])('%s', (_, given, rows, expected) => {
    expect(judge(rows, [goal(given)])).toMatchObject([expected]);
  });

  test('what was not measured is neither reached nor missed', () => {
    const [none] = judge(
      [row('a/b', 'x', 'any', 1, {})],
      [goal({ of: 'ahead', others: ['x'], atLeast: 1 })],
    );
    expect(none).not.toHaveProperty('reached');
    expect(verdictCells(none as never).at(-1)).toBe('not measured');
  });

  test('one line each', () => {
    const lines = formatVerdicts(
      judge(
        [ours(2, { median_ms: 3 })],
        [goal({ atMost: 2 }), goal({ atMost: 4 }), goal({ build: 'simd', atMost: 4 })],
      ),
    );
    expect(lines.trim().split('\n')).toEqual([
      'Goals: the case furthest from each',
      'it  relaxed ×2  ≤ 2  3, least 1  by least times only',
      'it  relaxed ×2  ≤ 4  3, least 1  reached',
      '1 other not measured',
    ]);
  });
});

describe('measuring', () => {
  const clocked = (ms: number) => {
    let last = 0;
    let calls = 0;
    return {
      run(steps: number) {
        last = steps * ms;
        calls++;
      },
      took: () => last,
      get calls() {
        return calls;
      },
    };
  };

  test('what took long before is not run again', async () => {
    const slow = clocked(900);
    const [first, second] = await measure(
      [{ runner: slow, before: 901 }, { runner: clocked(1) }],
      1,
    );
    expect(first?.samples).toEqual([901]);
    expect(slow.calls).toBe(0);
    expect(second?.samples.every((ms) => ms === 1)).toBe(true);
  });

  test('one that fails on the way is out, others go on', async () => {
    let calls = 0;
    const failing = {
      run() {
        if (++calls > 4) throw new Error('tired');
      },
    };
    const [bad, good] = await measure([{ runner: failing }, { runner: clocked(1) }], 1);
    expect(bad?.error).toMatchObject({ message: expect.stringContaining('tired') });
    expect(good?.error).toBeUndefined();
    expect(good?.samples.length).toBeGreaterThanOrEqual(3);
  });

  test('spinning threads all do their steps', async () => {
    const spinners = openSpinners(2);
    const [found] = await measure([{ runner: spinners }], 2);
    spinners.dispose?.();
    expect(spinners.work).toBe(2);
    expect(found?.samples.length).toBeGreaterThanOrEqual(3);
    for (const ms of found?.samples ?? []) expect(ms).toBeGreaterThan(0);
  });
});
