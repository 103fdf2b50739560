import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';
import { lcg } from '../support/data.ts';

test('of a network for the built-in digits, with JSON', () => {
  using folder = temporaryFolder();
  const line = 'gradcheck --model mlp:32,16 --samples 300 --l2 0.01 --json check.json';
  const { stdout, stderr, status } = wasmgrad(line, { cwd: folder.path });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(/^mlp:32,16 on digits, 32 examples\n.*^dense\/kernel .* great /ms);
  expect(stdout).toMatch(/\nratio \S+ over 300 of 25,818 parameters, ε 1e-5: great.*\n$/);
  const check = JSON.parse(readFileSync(join(folder.path, 'check.json'), 'utf8'));
  expect(check).toMatchObject({ verdict: 'great', passed: true, epsilon: 1e-5, checked: 300 });
  expect(check.ratio).toBeLessThanOrEqual(1e-7);
  expect(check.parameters).toHaveLength(6);
  for (const { name, ratio } of check.parameters) expect(ratio, name).toBeLessThanOrEqual(1e-7);
});

test('of a convolutional network with batch normalisation', () => {
  const line = 'gradcheck --model cnn:3,4 --batch-norm --samples 300 --batch-size 8';
  const { stdout, stderr, status } = wasmgrad(line);
  expect({ stderr, status }, stdout).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(/^batchNormalization_2\/gamma .* great /m);
  expect(stdout).toMatch(/\nratio \S+ over 300 .*: great.*\n$/);
});

test('of a table, behind some training', () => {
  using folder = temporaryFolder();
  const random = lcg(1);
  const rows = Array.from({ length: 60 }, () => [random(), random(), random()].join());
  writeFileSync(join(folder.path, 'table.csv'), `a,b,c\n${rows.join('\n')}\n`);
  const line = 'gradcheck --data table.csv --model mlp:5 --epochs 2 --batch-size 10 --samples all';
  const { stdout, status } = wasmgrad(line, { cwd: folder.path });
  expect({ status }, stdout).toEqual({ status: 0 });
  expect(stdout).toMatch(/^mlp:5 on table, 10 examples\n.*over 21 of 21 parameters.*: great/s);
});

test('exit code 1 where the step is so long that differences are wrong', () => {
  const { stdout, status } = wasmgrad('gradcheck --model linear --epsilon 0.5 --samples 50');
  expect(status).toBe(1);
  expect(stdout).toMatch(/ε 5e-1: worry: /);
});

test.each([
  ['--model mpl:3', 'did you mean "mlp"?'],
  ['--epsilon 0', '--epsilon 0: expected a number, above 0'],
  ['--samples some', '--samples some: expected a number, at least 1'],
  ['--epochs -1', '--epochs -1: expected a whole number, at least 0'],
  ['--data nowhere.csv', 'nowhere.csv'],
])('%s is refused', (options, message) => {
  const { stdout, stderr, status } = wasmgrad(`gradcheck ${options}`);
  expect(stdout).toBe('');
  expect(status).toBeGreaterThan(0);
  expect(stderr).toContain(message);
});
