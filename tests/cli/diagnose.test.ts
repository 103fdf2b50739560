import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';

const folder = temporaryFolder();
const cwd = folder.path;
afterAll(() => folder[Symbol.dispose]());

test('errors on the command line, as text and as JSON', () => {
  const line = ['diagnose', '--train-error', '0.01', '--dev-error', '0.11', '--bayes-error', '0'];
  const { status, stdout } = wasmgrad([...line, '--json', 'd.json'], { cwd });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^high variance\n/);
  const json = JSON.parse(readFileSync(join(cwd, 'd.json'), 'utf8'));
  expect(json).toMatchObject({ verdict: 'high variance', avoidableBias: 0.01, unit: 'fraction' });
  expect(json.variance).toBeCloseTo(0.1, 12);
  expect(json.advice.length).toBeGreaterThan(1);
});

test('the report of a run', () => {
  mkdirSync(join(cwd, 'run'));
  const report = { trainAccuracy: 0.85, devAccuracy: 0.84, testAccuracy: 0.7 };
  writeFileSync(join(cwd, 'run', 'report.json'), JSON.stringify(report));
  const { status, stdout } = wasmgrad(['diagnose', 'run'], { cwd });
  expect([status, stdout.split('\n')[0]]).toEqual([
    0,
    'high bias, and the test set differs from the development set',
  ]);
});

test.each([
  [['diagnose'], 2, /--train-error and --dev-error/],
  [['diagnose', '--train-error', '1', '--dev-error', '101'], 2, /dev-error 101/],
  [['diagnose', 'nowhere'], 1, /nowhere.*report\.json/],
])('%j ends with %i', (line, code, message) => {
  const found = wasmgrad(line, { cwd });
  expect([found.status, found.stderr]).toEqual([code, expect.stringMatching(message)]);
});
