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

test('percentages, and the report of a regression', () => {
  const line = ['diagnose', '--train-error', '0.5%', '--dev-error', '0.9%'];
  const { status, stdout } = wasmgrad(line, { cwd });
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^low bias and low variance\n.*0\.5 %.*0\.9 %/),
  ]);
  mkdirSync(join(cwd, 'houses'));
  const metrics = { train: { r2: 0.97 }, dev: { r2: 0.8 } };
  const report = { task: 'regression', metrics, settings: { dropout: 0.2, l2: 0.01 } };
  writeFileSync(join(cwd, 'houses', 'report.json'), JSON.stringify(report));
  const found = wasmgrad(['diagnose', 'houses', '--bayes-error', '2%'], { cwd });
  expect([found.status, found.stdout]).toEqual([
    0,
    expect.stringMatching(/^high variance\n.*unexplained/),
  ]);
  expect(found.stdout).not.toMatch(/dropout|L2|stop early/);
});

test.each([
  [['diagnose', '--train-error', '0.5', '--dev-error', '0.9'], 2, /0\.5 and 0\.9 % or 50 and 90 %/],
  [['diagnose'], 2, /--train-error and --dev-error/],
  [['diagnose', '--train-error', '1', '--dev-error', '101'], 2, /dev-error 101/],
  [['diagnose', 'nowhere'], 1, /nowhere.*report\.json/],
])('%j ends with %i', (line, code, message) => {
  const found = wasmgrad(line, { cwd });
  expect([found.status, found.stderr]).toEqual([code, expect.stringMatching(message)]);
});
