import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8'));

function wasmgrad(line: string, env: Record<string, string> = {}) {
  const args = [path('src/cli/main.ts'), ...line.split(' ').filter(Boolean)];
  const { DEBUG: _, ...rest } = process.env;
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...rest, ...env } });
}

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
  ['', /^Usage: wasmgrad <command>.*\n {2}info /s],
  ['--help', /^Usage: wasmgrad <command>/],
  ['help', /^Usage: wasmgrad <command>/],
  ['info --help', /^Usage: wasmgrad info \[options\]\n.*--threads <n>/s],
  ['help info', /^Usage: wasmgrad info/],
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
  ['info --threads', "Option '--threads <value>' argument missing"],
  ['info --json=1', "Option '--json' does not take an argument"],
  ['info extra', 'info: unexpected argument "extra"'],
  ['info --threads many', 'threads: expected an integer from 1 to 64, got NaN'],
  ['info --build f16', 'build "f16": expected "simd", "relaxed" or "f64"'],
])('"%s" is refused in one line', (line, message) => {
  const { stdout, stderr, status } = wasmgrad(line);
  expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
  expect(stderr).toMatch(/^wasmgrad: [^\n]+\n$/);
  expect(stderr).toContain(message);
});

test('with DEBUG an error shows its stack', () => {
  expect(wasmgrad('inof', { DEBUG: '1' }).stderr).toMatch(/\n\s+at /);
});
