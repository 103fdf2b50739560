import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wasmgrad } from '../support/cli.ts';

const manifest = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8'));

describe('wasmgrad info', () => {
  test('says what runs and why not more', () => {
    const { stdout, stderr, status } = wasmgrad('info --threads 2 --build simd');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/^build {5}simd$/m);
    expect(stdout).toMatch(/^engine {4}team, shared memory$/m);
    expect(stdout).toMatch(/^threads {3}2 on \d+ processors$/m);
    expect(stdout).toMatch(/^memory {4}at most \d+ MB$/m);
    expect(stdout).toContain(process.versions.node);
  });

  test('as JSON', () => {
    const facts = JSON.parse(wasmgrad('info --threads=1 --json').stdout);
    expect(facts).toMatchObject({ version, kind: 'team', threads: 1, node: process.versions.node });
    expect(facts.memoryLimitMB).toBeGreaterThanOrEqual(16);
    expect(facts.reasons).toBeInstanceOf(Array);
  });
});

test.each([
  ['', /^Usage: wasmgrad <command>.*\n {2}train .*\n {2}info /s],
  ['--help', /^Usage: wasmgrad <command>/],
  ['help', /^Usage: wasmgrad <command>/],
  ['info --help', /^Usage: wasmgrad info \[options\]\n.*--threads <n>/s],
  ['help info', /^Usage: wasmgrad info/],
  ['train -h', /^Usage: wasmgrad train \[options\]\n.*--batch-size <n>.*Examples:/s],
  ['predict --help', /^Usage: wasmgrad predict <model> \[options\]/],
  ['evaluate --help', /^Usage: wasmgrad evaluate <model> \[options\]/],
  ['--version', new RegExp(`^${version}\n$`)],
])('"%s" prints on stdout', (line, expected) => {
  const { stdout, stderr, status } = wasmgrad(line);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(expected);
});

test.each([
  ['inof', 'unknown command "inof"; did you mean "info"?'],
  ['help inof', 'unknown command "inof"; did you mean "info"?'],
  ['--versoin', 'unknown option "--versoin"; did you mean "--version"?'],
  ['info --thread 2', 'unknown option of info "--thread"; did you mean "--threads"?'],
  ['info -x', 'unknown option of info "-x"'],
  ['train --data --epochs 3', '--data: its value is missing before --epochs'],
  ['train --l2 -0.1', '--l2 -0.1: expected a number, at least 0'],
  ['info --threads', '--threads: its value is missing'],
  ['info --json=1', '--json takes no value, got "1"'],
  ['info extra', 'info: unexpected argument "extra"'],
  ['info --threads many', 'threads: expected an integer from 1 to 64, got NaN'],
  ['train --epoch 3', 'unknown option of train "--epoch"; did you mean "--epochs"?'],
  ['train --epochs 0', '--epochs 0: expected a whole number, at least 1'],
  ['train --epochs 1.5', '--epochs 1.5: expected a whole number'],
  ['train --lr nought', '--lr nought: expected a number, above 0'],
  ['train --dropout 1', '--dropout 1: expected a number, at least 0, below 1'],
  ['train --threads 65', '--threads 65: expected a whole number, at least 1, at most 64'],
  ['train --optimizer adma', 'unknown --optimizer "adma"; did you mean "adam"?'],
  ['train --task regresion', 'did you mean "regression"?'],
  ['train --model mpl:3', 'unknown model "mpl"; did you mean "mlp"?'],
  ['train --model mlp:3,x', '"x" is no size'],
  ['train --model cnn:3,x', 'cnn:3,x: "x" is no block; expected such as 32 or 32x2'],
  ['pictures', 'pictures: which model and which image?'],
  ['train --data=', '--data: its value is empty'],
  ['train --target y', '--target y: images have no columns'],
  ['train --types x=drop', '--types: images have no columns'],
  ['train --missing NA', '--missing: images have no columns'],
  ['train --types x=drop,y=nothing', '--types y=nothing: expected column=type, the type one of'],
  ['train --decimal x', 'unknown --decimal "x"'],
  ['train extra', 'train: unexpected argument "extra"'],
  ['predict', 'give either --data <path> or --json-lines'],
  ['predict --json-lines', 'which model?'],
  ['evaluate', 'which model?'],
  ['train --build f16', 'build "f16": expected one of simd, relaxed, turbo, f64'],
  ['info --build f16', 'build "f16": expected one of simd, relaxed, turbo, f64'],
])('"%s" is refused in one line', (line, message) => {
  const { stdout, stderr, status } = wasmgrad(line);
  expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
  expect(stderr).toMatch(/^wasmgrad: [^\n]+\n$/);
  expect(stderr).toContain(message);
});

test('with DEBUG an error shows its stack', () => {
  expect(wasmgrad('inof', { env: { DEBUG: '1' } }).stderr).toMatch(/\n\s+at /);
});
