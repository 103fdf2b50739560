import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  environment,
  INSTALL,
  install,
  NO_REGISTRY,
  OFFLINE,
  pack,
  run,
  temporary,
} from './support.ts';

const folder = temporary('node');
let tarball: string;

beforeAll(() => {
  tarball = pack(folder).tarball;
}, 120_000);

const node = (cwd: string, ...args: readonly string[]) => run(process.execPath, args, cwd);

test('installing it prints no warning and brings its dependencies only', ({ skip }) => {
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  const { status, stdout, stderr } = spawnSync('npm', [...INSTALL, tarball], {
    cwd: app,
    encoding: 'utf8',
    env: environment,
    shell: process.platform === 'win32',
  });
  if (OFFLINE.test(stderr)) skip(NO_REGISTRY);
  expect(status).toBe(0);
  const said = `${stdout}${stderr}`.split('\n').filter((line) => !/Unknown .* config/.test(line));
  expect(said.join('\n').trim()).toMatch(/^added 3 packages in \d+m?s$/);
  const packages = readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(packages).toEqual(['@assemblyscript', 'csv-parse', 'wasmgrad']);
});

describe('TypeScript', () => {
  let app: string | undefined;
  beforeAll(() => {
    app = install('node-ts', tarball, folder);
  }, 120_000);

  test('runs as it is', ({ skip }) => {
    const printed = node(app ?? skip(NO_REGISTRY), 'main.ts');
    expect(JSON.parse(printed)).toMatchObject({ answers: [0, 1, 1, 0], epochs: 500, kind: 'team' });
  });

  test.for(['bundler', 'nodenext'])('types hold: moduleResolution %s', (resolution, { skip }) => {
    const copy = app ?? skip(NO_REGISTRY);
    const tsc = join(copy, 'node_modules/typescript/bin/tsc');
    expect(node(copy, tsc, '-p', `tsconfig.${resolution}.json`)).toBe('');
  });
});

describe('bundled into one file by esbuild', () => {
  let app: string | undefined;
  beforeAll(() => {
    app = install('node-bundled', tarball, folder);
    if (app) run('npm', ['run', '--silent', 'build'], app);
  }, 120_000);

  test.for(['cjs', 'mjs'])('it trains on threads: .%s', (end, { skip }) => {
    const copy = app ?? skip(NO_REGISTRY);
    const alone = join(folder, `alone-${end}`);
    cpSync(join(copy, 'dist', `program.${end}`), join(alone, `program.${end}`));
    for (const { answer, reasons } of JSON.parse(node(alone, `program.${end}`))) {
      expect(answer).toBe(7);
      expect(reasons.filter((reason: string) => /calling thread/.test(reason))).toEqual([]);
    }
  });
});

describe('CommonJS', () => {
  let app: string | undefined;
  beforeAll(() => {
    app = install('node-cjs', tarball, folder);
  }, 120_000);

  test('requires it, slim and the raw binaries', ({ skip }) => {
    expect(JSON.parse(node(app ?? skip(NO_REGISTRY), 'main.js'))).toMatchObject({
      answers: [7],
      info: [
        [expect.any(String), 'team'],
        ['simd', 'inline'],
        ['simd', 'worker'],
      ],
      error: 'OptionError',
    });
  });

  test('its command runs on all threads', ({ skip }) => {
    const copy = app ?? skip(NO_REGISTRY);
    const manifest = join(copy, 'node_modules/wasmgrad/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
    const command = join('node_modules/wasmgrad', bin.wasmgrad);
    const info = JSON.parse(node(copy, command, 'info', '--threads', '2', '--json'));
    expect(info).toMatchObject({ kind: 'team', threads: 2, reasons: [] });
  });
});
