import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { besideNode, formatPageRow, pageHead, summary } from '../bench/browser/table.ts';
import type { Row } from '../bench/types.ts';

const MAIN = fileURLToPath(new URL('../bench/browser/main.ts', import.meta.url));
const run = (...args: string[]) => promisify(execFile)(process.execPath, [MAIN, ...args]);

const row = (threads: number, median_ms: number, min_ms: number): Row => {
  const names = { suite: 'gemm', case: 'gemm/a', contestant: 'wasmgrad', build: 'simd' };
  return { ...names, threads, median_ms, min_ms, samples: 3 };
};

test('lines of the page stand beside those of Node', () => {
  const rows = besideNode([row(1, 3, 2), row(2, 1, 1)], [row(3, 9, 9), row(1, 2, 1.6)]);
  expect(rows).toMatchObject([
    { threads: 1, node_median_ms: 2, node_min_ms: 1.6, times_node: 1.5, times_node_min: 1.25 },
    { threads: 2 },
  ]);
  expect(rows[1]).not.toHaveProperty('times_node');
  expect(formatPageRow(rows[0] as Row)).toMatch(
    /gemm\/a .* 3\.00 ms .* 2\.00 ms .* 1\.50 .* 1\.25$/,
  );
  expect(pageHead()).toMatch(/× Node/);
  expect(summary(rows)).toMatch(/of 1 lines: 1\.50, of least times 1\.25; 1 above 1\.10/);
  expect(summary([])).toBe('');
});

test('cases run in a page and in Node, with the same results', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const json = join(folder, 'report.json');
  const given =
    '--suite gemm,train,startup --filter 64x64x64,tiny,page --threads 1,2 --build simd --seconds 0.01';
  const { stdout, stderr } = await run(...given.split(' '), '--json', json);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/startup\/page: [\d.]+ m?s/);
  const { machine, rows, missing } = JSON.parse(readFileSync(json, 'utf8'));
  rmSync(folder, { recursive: true });
  expect(machine.chromium).toMatch(/^\d+\./);
  expect(missing).toEqual([]);
  const names = rows.map((r: Row) => `${r.case} ${r.contestant} ${r.threads}`);
  const expected = ['gemm/64x64x64', 'train/tiny'].flatMap((c) => [
    `${c} wasmgrad 1`,
    `${c} wasmgrad 2`,
    `${c} plain-js 1`,
  ]);
  expect(names.slice(0, 6)).toEqual(expected);
  for (const { times_node, median_ms, node_median_ms } of rows.slice(0, 6))
    expect((times_node * node_median_ms) / median_ms).toBeCloseTo(1, 2);
  expect(rows.at(-1).case).toBe('startup/page');
});

test('unknown options are refused with the usage', async () => {
  await expect(run('--suite', 'gem')).rejects.toMatchObject({
    stderr: expect.stringMatching(/did you mean "gemm"[\s\S]*npm run bench:browser/),
  });
});
