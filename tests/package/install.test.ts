import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run, temporary } from './support.ts';

const folder = temporary('install');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Locked {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/** Folders where Node looks for the packages of the one at `path`, nearest first. */
function places(path: string, name: string): string[] {
  const parents = path.split('/node_modules/').map((_, i, parts) => {
    return parts.slice(0, parts.length - i).join('/node_modules/');
  });
  return [...parents.map((p) => (p ? `${p}/node_modules/${name}` : '')), `node_modules/${name}`];
}

test('the lock file names every package that another needs, of all platforms', () => {
  const packages: Record<string, Locked> = JSON.parse(read('package-lock.json')).packages;
  const missing = Object.entries(packages).flatMap(
    ([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !places(path, name).some((place) => place in packages))
        .map((name) => `${path} needs ${name}`),
  );
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  expect(missing).toEqual([]);
});

test('an install leaves the lock file as it is, and npm ci accepts it', { timeout: 60_000 }, () => {
  const copy = join(folder, 'lock');
  mkdirSync(copy);
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(join(root, file), join(copy, file));
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--offline'];
  run('npm', ['install', '--package-lock-only', ...quietly], copy);
  for (const file of ['package.json', 'package-lock.json'])
    expect(readFileSync(join(copy, file), 'utf8'), file).toBe(read(file));
  run('npm', ['ci', '--dry-run', ...quietly], copy);
});

/** Takes the place of the compiler: tells when it worked, and fails when it is told to. */
const COMPILER = `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
const target = process.argv[2];
appendFileSync('log', '+' + target + '\\n');
await new Promise((resolve) => setTimeout(resolve, existsSync('slow') ? 4000 : 30));
if (existsSync('fails-' + target)) process.exit(1);
for (const kind of ['js', 'wasm']) writeFileSync('build/' + target + '.' + kind, target);
appendFileSync('log', '-' + target + '\\n');
`;

/** A copy of what a build reads, with a compiler that takes no time. */
function tree(name: string) {
  const copy = join(folder, name);
  mkdirSync(copy);
  for (const part of ['assembly', 'scripts', 'src', 'asconfig.json', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  writeFileSync(join(copy, 'scripts/kernels.ts'), COMPILER);
  const log = join(copy, 'log');
  const build = (...targets: string[]): string[] => {
    writeFileSync(log, '');
    run('node', ['scripts/build.ts', ...targets], copy);
    return readFileSync(log, 'utf8').split('\n').filter(Boolean);
  };
  const built = (...targets: string[]) =>
    build(...targets)
      .flatMap((line) => (line.startsWith('+') ? line.slice(1) : []))
      .sort();
  const edit = (path: string, change: (text: string) => string) =>
    writeFileSync(join(copy, path), change(readFileSync(join(copy, path), 'utf8')));
  return { copy, build, built, edit };
}

test('kernels are built again only where something changed', { timeout: 60_000 }, () => {
  const targets = Object.keys(JSON.parse(read('asconfig.json')).targets).sort();
  const { copy, built, edit } = tree('changes');
  expect(built()).toEqual(targets);
  expect(built()).toEqual([]);
  edit('asconfig.json', (text) =>
    text.replace('"outFile": "build/f64.wasm"', '"outFile": "f64.wasm"'),
  );
  expect(built()).toEqual(['f64']);
  rmSync(join(copy, 'build/simd.js'));
  edit('build/turbo.wasm', (text) => `${text}!`);
  expect(built()).toEqual(['simd', 'turbo']);
  edit('assembly/kernels/copy.ts', (text) => `${text}// a word\n`);
  expect(built('relaxed')).toEqual(['relaxed']);
  expect(built()).toEqual(targets.filter((t) => t !== 'relaxed'));
  writeFileSync(join(copy, 'fails-simd'), '');
  edit('scripts/order.ts', (text) => `${text}// a word\n`);
  expect(() => built('simd')).toThrow(/kernels of simd were not built/);
  rmSync(join(copy, 'fails-simd'));
  expect(built('simd')).toEqual(['simd']);
  expect(() => built('simdd')).toThrow(/no builds simdd: expected some of simd,/);
});

test('as many kernels are built at once as there are processors', { timeout: 60_000 }, () => {
  let now = 0;
  const { copy, build } = tree('parallel');
  writeFileSync(join(copy, 'slow'), '');
  const running = build('simd', 'relaxed', 'f64').map((line) =>
    line.startsWith('+') ? ++now : --now,
  );
  expect(Math.max(...running)).toBeLessThanOrEqual(availableParallelism());
  if (availableParallelism() > 1 && freemem() > 4e9)
    expect(Math.max(...running)).toBeGreaterThan(1);
});
