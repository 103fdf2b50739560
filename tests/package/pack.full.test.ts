import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'wasmgrad-pack-'));
const QUIET = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

const run = (command: string, args: readonly string[], cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (...args: readonly string[]) => run(process.execPath, args);

const XOR = `
import { sequential, dense, adam } from 'wasmgrad';
const net = sequential([dense(8, { activation: 'tanh' }), dense(1, { activation: 'sigmoid' })], { seed: 1 });
net.compile({ optimizer: adam({ learningRate: 0.05 }), loss: 'binaryCrossentropy' });
const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
await net.fit(x, [[0], [1], [1], [0]], { epochs: 500, batchSize: 4 });
const { data, shape } = await net.predict(x);
console.log(JSON.stringify({ answers: Array.from(data, Math.round), shape }));
`;

let files: string[];

beforeAll(() => {
  run('npm', ['run', 'build:js'], root);
  const packed = run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    root,
  );
  const [{ filename, files: list }] = JSON.parse(packed);
  files = list.map((f: { path: string }) => f.path);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  run('npm', ['install', ...QUIET, join(folder, filename)]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  test('holds the compiled sources, the binaries and the documents, nothing else', () => {
    const outside = files.filter(
      (f) =>
        !/^dist\/.*\.(js|d\.ts)$/.test(f) &&
        !/^build\/((simd|relaxed)(-infer)?|turbo|f64)(-shared)?\.(js|wasm)$/.test(f),
    );
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
    expect(documents).toEqual(expect.arrayContaining(outside));
    expect(files).toContain('LICENSE');
    expect(files.filter((f) => f.startsWith('build/'))).toHaveLength(24);
  });

  test('trains', () => {
    writeFileSync(join(folder, 'xor.js'), XOR);
    expect(JSON.parse(node('xor.js'))).toEqual({ answers: [0, 1, 1, 0], shape: [4, 1] });
  });

  test('runs on all threads, by its command', () => {
    const bin = join('node_modules', 'wasmgrad', 'dist', 'node', 'cli.js');
    const info = JSON.parse(node(bin, 'info', '--threads', '2', '--json'));
    expect(info).toMatchObject({ kind: 'team', threads: 2, reasons: [] });
  });

  test('hands out the raw binaries, and works from CommonJS', () => {
    const script = `
      const { createEngine } = require('wasmgrad');
      const { readFileSync } = require('node:fs');
      const wasm = readFileSync(require.resolve('wasmgrad/build/simd.wasm'));
      createEngine({ wasm }).then((engine) => { console.log(engine.info.build); engine.dispose(); });`;
    expect(node('--input-type=commonjs', '-e', script).trim()).toBe('simd');
  });

  test('has types that hold without the sources', () => {
    writeFileSync(
      join(folder, 'use.ts'),
      `${XOR}\nexport const wrong: string = net.stopTraining;\n`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = {
      target: 'es2024',
      module: 'nodenext',
      lib: ['es2024', 'dom', 'esnext.disposable'],
    };
    const compilerOptions = { ...options, strict: true, noEmit: true };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['use.ts'] }),
    );
    const check = () => node(tsc, '-p', '.');
    expect(check).toThrow();
    try {
      check();
    } catch (error) {
      const { stdout } = error as { stdout: string };
      expect(stdout.trim().split('\n')).toEqual([
        expect.stringMatching(/^use\.ts.*boolean.*string/),
      ]);
    }
  });
});
