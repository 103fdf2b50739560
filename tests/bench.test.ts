import { afterAll, describe, expect, test } from 'vitest';
import { bench } from '../bench/bench.ts';
import { plain } from '../bench/contestants/plain.ts';
import { wasmgrad } from '../bench/contestants/wasmgrad.ts';
import { Engines } from '../bench/engines.ts';
import { parseOptions } from '../bench/options.ts';
import { gemmCase } from '../bench/suites/gemm.ts';
import { SUITES } from '../bench/suites/index.ts';
import { trainCase } from '../bench/suites/train.ts';
import type { Case, Contestant } from '../bench/types.ts';
import { OptionError } from '../src/runtime/errors.ts';

const CASES: readonly Case[] = [
  ...['9x7x11', '1x300x40', 'tA.33x65x20', 'tB.20x300x600'].map(gemmCase),
  trainCase('softmax', {
    sizes: [30, 20, 9],
    hidden: 'relu',
    output: 'softmax',
    batch: 13,
    batches: 3,
    optimizer: 'adam',
    rate: 0.01,
  }),
  trainCase('sigmoid', {
    sizes: [2, 4, 1],
    hidden: 'tanh',
    output: 'sigmoid',
    batch: 4,
    batches: 1,
    optimizer: 'sgd',
    rate: 0.1,
  }),
];
const OPTIONS = { builds: ['simd', 'relaxed'], threads: [1, 2], seconds: 0.002 } as const;

const engines = new Engines();
afterAll(() => engines.dispose());

function run(cases: readonly Case[], contestants: readonly Contestant[], lines: string[] = []) {
  return bench(cases, contestants, engines, OPTIONS, (text) => lines.push(text));
}

describe('bench', () => {
  test('contestants agree, and each has a row in each case', async () => {
    const lines: string[] = [];
    const report = await run(CASES, [wasmgrad(engines), plain], lines);
    const { machine, rows, missing } = JSON.parse(JSON.stringify(report));
    expect(Object.keys(machine)).toEqual(['cpu', 'cores', 'node', 'v8', 'os', 'date']);
    expect(missing).toEqual([]);
    expect(rows).toHaveLength(5 * CASES.length + 2);
    expect(lines).toHaveLength(1 + rows.length);
    for (const row of rows) {
      expect(row.case.startsWith(`${row.suite}/`)).toBe(true);
      expect(row.min_ms).toBeGreaterThan(0);
      expect(row.median_ms).toBeGreaterThanOrEqual(row.min_ms);
      expect(row.gflops).toBeGreaterThan(0);
      const limited = row.contestant === 'wasmgrad' && row.suite !== 'peak';
      expect(['peak_fraction', 'limit_ms'].filter((key) => key in row)).toHaveLength(
        limited ? 2 : 0,
      );
      if (limited) expect(row.limit_ms / row.median_ms).toBeCloseTo(row.peak_fraction, 3);
    }
  });

  test('a contestant that computes something else ends the run', async () => {
    const wrong: Contestant = {
      name: 'wrong',
      variants: () => [{ build: 'js', threads: 1 }],
      open: { gemm: ({ M, N }) => ({ run() {}, output: () => new Float64Array(M * N) }) },
    };
    await expect(run(CASES.slice(0, 1), [plain, wrong])).rejects.toThrow(/wrong.*plain-js.*differ/);
  });

  test('a contestant that cannot do a case is shown with the reason', async () => {
    const idle: Contestant = {
      name: 'idle',
      variants: () => [{ build: 'none', threads: 1 }],
      open: {},
    };
    const { rows, missing } = await run(CASES.slice(0, 1), [plain, idle]);
    expect(rows.map((r) => r.contestant)).toEqual(['plain-js']);
    expect(missing).toMatchObject([
      { case: 'gemm/9x7x11', contestant: 'idle', reason: 'has nothing for gemm' },
    ]);
  });

  test('names of cases are unique and stand under their suite', () => {
    const names = SUITES.flatMap((s) => s.cases.map((c) => c.name));
    expect(new Set(names).size).toBe(names.length);
    for (const { name, cases } of SUITES) {
      expect(cases.every((c) => c.name.startsWith(`${name}/`))).toBe(true);
    }
  });
});

describe('options', () => {
  const parse = (line: string) => parseOptions(line.split(' ').filter(Boolean), ['gemm', 'train']);

  test('are read', () => {
    const given = parse(
      '--suite gemm --threads 1,2 --build relaxed --seconds 0.1 --filter 64,tA --json x.json',
    );
    expect(given).toEqual({
      suites: ['gemm'],
      filter: ['64', 'tA'],
      builds: ['relaxed'],
      threads: [1, 2],
      seconds: 0.1,
      json: 'x.json',
      html: 'x.html',
    });
    expect(parse('--json x.json --html page.htm').html).toBe('page.htm');
    expect(parse('').html).toBeUndefined();
    expect(parse('').suites).toEqual(['gemm', 'train']);
  });

  test.each([
    ['--thread 2', /"thread"; did you mean "threads"/],
    ['--suite gem', /did you mean "gemm"/],
    ['--build relax', /did you mean "relaxed"/],
    ['--threads 0', /threads is 0/],
    ['--seconds fast', /seconds is fast/],
    ['--json', /--json needs a value/],
    ['quick', /"quick" is no option/],
  ])('%s is refused', (line, message) => {
    expect(() => parse(line)).toThrow(OptionError);
    expect(() => parse(line)).toThrow(message);
  });
});
