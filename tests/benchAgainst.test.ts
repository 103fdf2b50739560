import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Report } from '../bench/bench.ts';
import { checkTree } from '../bench/trees/index.ts';
import { formatRatios, withRatios } from '../bench/trees/ratios.ts';
import type { Row } from '../bench/types.ts';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'against-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const LINKED = ['node_modules', 'build'];

/** A checkout like this one, without what is named. */
function checkout(name: string, without: readonly string[] = []): string {
  const folder = join(scratch, name);
  const filter = (from: string) => !from.endsWith('node_modules');
  for (const part of ['package.json', 'src', 'bench'].filter((p) => !without.includes(p)))
    cpSync(join(HERE, part), join(folder, part), { recursive: true, filter });
  for (const part of LINKED.filter((p) => !without.includes(p)))
    symlinkSync(join(HERE, part), join(folder, part));
  return folder;
}

function run(...args: readonly string[]) {
  const main = join(HERE, 'bench/main.ts');
  return spawnSync(process.execPath, [main, ...args], { cwd: scratch, encoding: 'utf8' });
}

test("another checkout's own code runs, in turns with this one", () => {
  const folder = checkout('other');
  const file = join(folder, 'bench/wasmgrad/models.ts');
  const source = readFileSync(file, 'utf8');
  const slow = source.replace('run(steps) {\n      last', "note: 'the other', $&");
  expect(slow).not.toBe(source);
  writeFileSync(file, slow);
  const json = join(scratch, 'report.json');
  const { stdout, stderr } = run(
    ...['--suite', 'gemm,train', '--filter', '64x64x64,tiny', '--build', 'simd', '--threads', '1'],
    ...['--seconds', '0.01', '--against', 'other', '--json', json],
  );
  expect(stderr).toBe('');
  const { rows, missing, against } = JSON.parse(readFileSync(json, 'utf8')) as Report;
  expect(missing.filter((m) => m.wrong)).toEqual([]);
  expect(against).toBe('other');
  const found = rows as Row[];
  for (const name of ['gemm/64x64x64', 'train/tiny']) {
    const [ours, other] = ['wasmgrad', 'against'].map(
      (c) => found.find((r) => r.case === name && r.contestant === c) as Row,
    ) as [Row, Row];
    expect(other.note).toBe(name === 'train/tiny' ? 'the other' : undefined);
    expect(ours.note).toBeUndefined();
    expect(ours.times_against).toBeCloseTo(ours.median_ms / other.median_ms, 2);
    expect(ours.times_against_min).toBeCloseTo(ours.min_ms / other.min_ms, 2);
    const told = `${ours.times_against?.toFixed(3)} × against, least ${ours.times_against_min?.toFixed(3)} ×`;
    expect(stdout).toContain(told);
  }
  expect(stdout).toContain('Times divided by those of other\nsimd ×1');
});

test.each([
  ['nowhere', () => join(scratch, 'nowhere'), 'no such folder'],
  ['an empty folder', () => mkdtempSync(join(scratch, 'empty-')), 'no checkout of wasmgrad'],
  ['not installed', () => checkout('bare', LINKED), 'npm install there'],
  [
    'not built',
    () => checkout('unbuilt', ['build']),
    'it has no build/simd.wasm: run npm run build',
  ],
])('%s is refused in words', (_, make, why) => {
  const folder = make();
  expect(() => checkTree(folder, ['simd'])).toThrow(`--against ${folder}: `);
  expect(() => checkTree(folder, ['simd'])).toThrow(why);
});

test('the command says so and how it is called', () => {
  const { status, stderr } = run('--against', 'nowhere');
  expect(status).toBe(1);
  expect(stderr).toMatch('--against nowhere: no such folder');
  expect(stderr).toMatch('--against DIR');
});

test('ratios: of equal variants, the middle and the worst of the cases', () => {
  const row = (name: string, contestant: string, threads: number, median_ms: number): Row => {
    const who = { suite: 'gemm', case: name, contestant, build: 'simd', threads };
    return { ...who, median_ms, min_ms: median_ms / 2, samples: 3 };
  };
  const rows = ['a', 'b', 'c'].flatMap((name, i) =>
    withRatios([
      row(name, 'wasmgrad', 1, 2 + i),
      row(name, 'wasmgrad', 2, 9),
      row(name, 'plain-js', 1, 7),
      row(name, 'against', 1, 4),
    ]),
  );
  expect(rows.map((r) => r.times_against)).toEqual(
    [0.5, 0.75, 1].flatMap((x) => [x, undefined, undefined, undefined]),
  );
  const line = '0.750 (at most 1.000, c)';
  expect(formatRatios(rows)).toBe(`simd ×1    ${line}, least times ${line}`);
});
