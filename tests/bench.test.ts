import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { bench } from '../bench/bench.ts';
import { artifacts } from '../bench/contestants/artifacts.ts';
import { loops } from '../bench/contestants/loops.ts';
import { node as bare } from '../bench/contestants/node.ts';
import { plain } from '../bench/contestants/plain.ts';
import { wasmgrad, wasmgradSync } from '../bench/contestants/wasmgrad.ts';
import { Engines } from '../bench/engines.ts';
import { perceptron } from '../bench/layers.ts';
import { parseOptions } from '../bench/options.ts';
import { elementwiseCase } from '../bench/suites/elementwise.ts';
import { gemmCase } from '../bench/suites/gemm.ts';
import { SUITES } from '../bench/suites/index.ts';
import { inferCase } from '../bench/suites/infer.ts';
import { reduceCase } from '../bench/suites/reduce.ts';
import { sizeCase } from '../bench/suites/size.ts';
import { startupCase } from '../bench/suites/startup.ts';
import { type PerceptronPlan, trainCase } from '../bench/suites/train.ts';
import { vectoriseCase } from '../bench/suites/vectorise.ts';
import type { Case, Contestant, Row, SizeRow } from '../bench/types.ts';
import { OptionError } from '../src/runtime/errors.ts';

const SOFTMAX: PerceptronPlan = {
  sizes: [30, 20, 9],
  hidden: 'relu',
  output: 'softmax',
  batch: 13,
  batches: 3,
  optimizer: 'adam',
  rate: 0.01,
};
const SIGMOID: PerceptronPlan = {
  sizes: [2, 4, 1],
  hidden: 'tanh',
  output: 'sigmoid',
  batch: 4,
  batches: 1,
  optimizer: 'sgd',
  rate: 0.1,
};
const CASES: readonly Case[] = [
  ...[
    '9x7x11',
    '1x300x40',
    '20x301x1',
    'tA.41x300x1',
    'tA.33x65x20',
    'tB.20x300x600',
    'batched.3x9x7x11',
    'batched.tA.tB.4x5x3x6',
  ].map(gemmCase),
  trainCase('softmax', SOFTMAX),
  trainCase('sigmoid', SIGMOID),
];
const OPTIONS = { builds: ['simd', 'relaxed'], threads: [1, 2], seconds: 0.002 } as const;

const engines = new Engines();
afterAll(() => engines.dispose());

function run(
  cases: readonly Case[],
  contestants: readonly Contestant[],
  lines: string[] = [],
  threads: readonly number[] = OPTIONS.threads,
) {
  const options = { ...OPTIONS, threads };
  return bench(cases, { contestants, engines, options, print: (text) => lines.push(text) });
}

describe('bench', () => {
  test('contestants agree, and each has a row in each case', async () => {
    const lines: string[] = [];
    const report = await run(CASES, [wasmgrad(engines), plain], lines);
    const { machine, rows, missing } = JSON.parse(JSON.stringify(report));
    const facts = ['cpu', 'cores', 'node', 'v8', 'os', 'date', 'copyGBs', 'coresGave'];
    expect(Object.keys(machine)).toEqual(facts);
    expect(Object.keys(report.minutes)).toEqual(['gemm', 'train']);
    expect(missing).toEqual([]);
    expect(rows).toHaveLength(5 * CASES.length + 2);
    const heads = lines.filter((text) => text.includes('contestant '));
    expect(heads).toHaveLength(3);
    expect(lines).toHaveLength(heads.length + rows.length);
    for (const row of rows) {
      expect(row.case.startsWith(`${row.suite}/`)).toBe(true);
      expect(row.min_ms).toBeGreaterThan(0);
      expect(row.median_ms).toBeGreaterThanOrEqual(row.min_ms);
      expect(row.gflops).toBeGreaterThan(0);
      const limited = row.contestant === 'wasmgrad' && row.suite !== 'peak';
      const limits = ['peak_fraction', 'limit_ms', 'times_limit'].filter((key) => key in row);
      expect(limits).toHaveLength(limited ? 3 : 0);
      expect('least_times_limit' in row).toBe(limited);
      if (limited) expect(row.limit_ms / row.median_ms / row.peak_fraction).toBeCloseTo(1, 3);
      expect('cores_gave' in row).toBe(limited && row.threads === 2);
    }
  });

  test.each(['copy', 'add', 'mul', 'relu', 'exp', 'tanh', 'sigmoid'] as const)(
    'elementwise %s: agreement, time an element, limit by the copy beside it',
    async (op) => {
      const { rows, missing, machine } = await run(
        [1, 19, 20_000].map((n) => elementwiseCase(op, n, `${n}`)),
        [wasmgrad(engines), plain],
      );
      expect(missing).toEqual([]);
      expect(rows).toHaveLength(3 * 5);
      for (const row of rows as Row[]) {
        const n = Number(row.case.split('.')[1]);
        const { median_ms, limit_ms = 0, times_limit = 0, ns_per_element = 0 } = row;
        expect((ns_per_element * n) / (median_ms * 1e6)).toBeCloseTo(1, 3);
        expect((times_limit * limit_ms) / median_ms).toBeCloseTo(1, 3);
      }
      expect(Object.keys(machine.copyGBs ?? {})).toEqual(['1', '2']);
    },
  );

  test('reductions agree', async () => {
    const sizes = [
      [1, 1],
      [3, 17],
      [70, 20],
      [1, 40_000],
    ] as const;
    const ops = ['sum', 'rowmax', 'softmax', 'meanvar0'] as const;
    const cases = ops.flatMap((op) => sizes.map(([r, c]) => reduceCase(op, r, c)));
    const { rows, missing } = await run(cases, [wasmgrad(engines), plain]);
    expect(missing).toEqual([]);
    expect(rows).toHaveLength(5 * cases.length);
  });

  test('explicit loops train the same and appear nowhere else', async () => {
    const cases = [
      vectoriseCase('logistic', { ...SIGMOID, sizes: [30, 1] }),
      vectoriseCase('network', { ...SOFTMAX, optimizer: 'sgd' }),
      vectoriseCase('deep', { ...SIGMOID, sizes: [7, 5, 3, 1], hidden: 'sigmoid' }),
      gemmCase('3x3x3'),
    ];
    const { rows, missing } = await run(cases, [plain, loops]);
    expect(missing).toEqual([]);
    expect(rows.map((r) => r.contestant)).toEqual([
      ...['plain-js', 'loops-js'],
      ...['plain-js', 'loops-js'],
      ...['plain-js', 'loops-js'],
      'plain-js',
    ]);
    for (const { contestant, as_fast, suite } of rows as Row[]) {
      const told = suite === 'vectorise' && contestant === 'plain-js';
      expect(as_fast?.as).toBe(told ? 'loops-js' : undefined);
    }
  });

  test('predictions agree, awaited or not', async () => {
    const spec = { sizes: [20, 30, 5], hidden: 'relu' } as const;
    const cases = [1, 3].map((batch) => inferCase(perceptron('small', spec, 'softmax'), batch));
    const { rows, missing } = await run(cases, [wasmgrad(engines), wasmgradSync(engines), plain]);
    expect(missing).toEqual([]);
    expect(rows.filter((r) => r.case === 'infer/small.b3')).toHaveLength(4 + 2 + 1);
  });

  test('a process starts, and its time is told above that of bare Node', async () => {
    const { rows, missing } = await run(
      [{ ...startupCase, samples: 2 }],
      [bare, artifacts],
      [],
      [1],
    );
    expect(missing.every((m) => m.reason.includes('dist/node/index.js is missing'))).toBe(true);
    const [first, ...rest] = rows as Row[];
    expect(first?.contestant).toBe('node');
    expect(rest).toHaveLength(2 - missing.length);
    for (const row of rest) {
      expect(row.samples).toBeGreaterThanOrEqual(2);
      expect(row.above_ms).toBeCloseTo(row.median_ms - (first as Row).median_ms, 0);
      expect(row.above_min_ms).toBeCloseTo(row.min_ms - (first as Row).min_ms, 0);
    }
  });

  test('sizes of builds and bundles', async () => {
    const names = ['relaxed.wasm', 'library', 'inference', 'none.wasm'];
    const cases = names.map(sizeCase);
    const { rows, missing } = await run(cases, [artifacts, plain]);
    const [build, library, inference] = rows as SizeRow[];
    expect(rows).toHaveLength(3);
    const file = readFileSync(new URL('../build/relaxed.wasm', import.meta.url));
    expect(build?.bytes).toBe(file.length);
    expect(build?.gzip).toBe(gzipSync(file, { level: 9 }).length);
    for (const { bytes, gzip } of rows as SizeRow[]) expect(gzip).toBeLessThan(bytes);
    expect(library?.gzip).toBeGreaterThan((inference as SizeRow).gzip / 2);
    expect(missing).toMatchObject([{ case: 'size/none.wasm', contestant: 'wasmgrad' }]);
    expect(missing[0]?.reason).toMatch('build/none.wasm is missing');
  });

  const contestant = (name: string, open: Contestant['open']): Contestant => {
    return { name, variants: () => [{ build: 'js', threads: 1 }], open };
  };

  test.each([
    ['zeros', () => ({ run() {}, output: () => new Float64Array(9 * 11) }), /plain-js by 1\.0e\+0/],
    ['NaN', () => ({ run() {}, output: () => new Float64Array(99).fill(Number.NaN) }), /Infinity/],
    ['short', () => ({ run() {}, output: () => [1] }), /by Infinity/],
    [
      'broken',
      () => ({
        run() {
          throw new Error('no luck');
        },
      }),
      /^failed: no luck$/,
    ],
  ])('a contestant whose results are %s is listed and not timed', async (name, gemm, reason) => {
    let disposed = 0;
    const open = () => ({ ...gemm(), dispose: () => disposed++ });
    const wrong = contestant(name, { gemm: open });
    const { rows, missing } = await run(CASES.slice(0, 1), [wrong, plain]);
    expect(rows.map((r) => r.contestant)).toEqual(['plain-js']);
    expect(missing).toMatchObject([
      { contestant: name, reason: expect.stringMatching(reason), wrong: true },
    ]);
    expect(disposed).toBe(1);
  });

  test('one without results is timed, with its note', async () => {
    const silent = contestant('silent', { gemm: () => ({ run() {}, note: 'cost only' }) });
    const lines: string[] = [];
    const { rows } = await run(CASES.slice(0, 1), [silent, plain], lines);
    expect(rows[0]).toMatchObject({ contestant: 'silent', note: 'cost only' });
    expect(lines[1]).toMatch(/cost only$/);
  });

  test('a contestant that cannot do a case is shown with the reason', async () => {
    const idle = contestant('idle', {});
    const { rows, missing } = await run(CASES.slice(0, 1), [plain, idle]);
    expect(rows.map((r) => r.contestant)).toEqual(['plain-js']);
    expect(missing).toMatchObject([
      { case: 'gemm/9x7x11', contestant: 'idle', reason: 'has nothing for gemm', wrong: false },
    ]);
  });

  test('networks that are no perceptrons are refused with the layer', async () => {
    const known = trainCase('lstm', SOFTMAX);
    const task = () => ({ ...known.task(), layers: [{ layer: 'lstm', units: 3 } as const] });
    const { missing } = await run([{ ...known, task } as Case], [plain, wasmgrad(engines)]);
    expect(missing).toHaveLength(5);
    expect(missing.every((m) => m.reason === 'has no lstm here')).toBe(true);
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
      '--suite gemm --threads 1,2 --build relaxed --seconds 0.1 --filter 64,tA --json x.json --peers',
    );
    expect(given).toEqual({
      suites: ['gemm'],
      filter: ['64', 'tA'],
      builds: ['relaxed'],
      threads: [1, 2],
      seconds: 0.1,
      json: 'x.json',
      html: 'x.html',
      peers: true,
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
    ['--peers=yes', /--peers has no value/],
    ['quick', /"quick" is no option/],
  ])('%s is refused', (line, message) => {
    expect(() => parse(line)).toThrow(OptionError);
    expect(() => parse(line)).toThrow(message);
  });
});
