import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import { type Packed, pack, root, run, temporary } from './support.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const targets = Object.keys(JSON.parse(read('asconfig.json')).targets);

const MEGABYTE = 1e6;
/** What may lie where. */
const CONTENTS: Readonly<Record<string, RegExp>> = {
  documents: /^(CHANGELOG\.md|LICENSE|README\.md|package\.json)$/,
  binaries: new RegExp(`^build/(${targets.join('|')})\\.(js|wasm)$`),
  modules:
    /^dist\/(check|cli|compile|data|data\/synthetic|diagnose|formats|graph|nn|ops|optim|report|runtime|train)\/\w+(\.gen)?\.(js|d\.ts)$/,
  entries: /^dist\/(index\.js|(index|infer|slim)\.d\.ts)$/,
  joined: /^dist\/(node|browser|slim|infer)\/[\w-]+(\.gen)?\.js$/,
};

const folder = temporary('contents');
let packed: Packed;
let scripts: string[];

beforeAll(() => {
  packed = pack(folder);
  scripts = packed.files.map((f) => f.path).filter((path) => path.endsWith('.js'));
}, 120_000);

test('the compiled sources, the binaries and the documents are packed, nothing else', () => {
  const paths = packed.files.map((f) => f.path);
  const patterns = Object.values(CONTENTS);
  expect(paths.filter((path) => !patterns.some((p) => p.test(path)))).toEqual([]);
  const unused = Object.entries(CONTENTS).filter(([, p]) => !paths.some((path) => p.test(path)));
  expect(unused).toEqual([]);
  expect(paths.filter((path) => CONTENTS['documents']?.test(path))).toHaveLength(4);
  expect(paths.filter((path) => CONTENTS['binaries']?.test(path))).toHaveLength(2 * targets.length);
  expect(packed.size).toBeLessThan(2.8 * MEGABYTE);
});

test('every module of src is there with its types', () => {
  const paths = new Set(packed.files.map((f) => f.path));
  const modules = globSync('src/*/**/*.ts', { cwd: root }).filter((p) => !p.endsWith('.d.ts'));
  const expected = modules.flatMap((p) => {
    const base = p.replace(/^src/, 'dist').replace(/\.ts$/, '');
    return [`${base}.js`, `${base}.d.ts`];
  });
  expect(expected.length).toBeGreaterThan(300);
  expect(expected.filter((path) => !paths.has(path))).toEqual([]);
});

test('no script runs when it is installed, and it depends on little', () => {
  const events = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare'];
  expect(events.filter((event) => event in manifest.scripts)).toEqual([]);
  expect(Object.keys(manifest.dependencies)).toEqual(['@assemblyscript/loader', 'csv-parse']);
  const { peerDependencies, peerDependenciesMeta } = manifest;
  expect(Object.keys(peerDependencies)).toEqual(['jimp', 'jsfive', 'sharp']);
  for (const name of Object.keys(peerDependencies))
    expect(peerDependenciesMeta[name]).toEqual({ optional: true });
});

test('every target of `exports` is packed, types first', () => {
  const paths = packed.files.map((f) => `./${f.path}`);
  for (const [entry, target] of Object.entries(manifest.exports)) {
    const conditions = typeof target === 'string' ? { default: target } : (target as object);
    for (const path of Object.values(conditions))
      if (!path.includes('*')) expect(paths, entry).toContain(path);
    if (typeof target !== 'string') expect(Object.keys(conditions)[0]).toBe('types');
  }
});

test('workers are one file', () => {
  const workers = scripts.filter((path) => path.endsWith('/worker.js'));
  expect(workers.length).toBeGreaterThanOrEqual(4);
  for (const path of workers) expect(read(path)).not.toMatch(/\bimport\b|\bexport\b/);
});

test('no path of this machine is packed', () => {
  const texts = packed.files.filter(({ path }) => !path.endsWith('.wasm'));
  expect(texts.filter(({ path }) => read(path).includes(root))).toEqual([]);
});

/** `await` outside of functions, which `require` cannot load. */
function waits(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) return false;
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isForOfStatement(node) && node.awaitModifier) return true;
  return ts.forEachChild(node, waits) ?? false;
}

test('no module waits at its top level', () => {
  const parse = (text: string) => ts.createSourceFile('a.js', text, ts.ScriptTarget.ESNext);
  expect(waits(parse('const a = { b: await c };'))).toBe(true);
  expect(
    scripts.filter((path) => /\bawait\b/.test(read(path)) && waits(parse(read(path)))),
  ).toEqual([]);
});

test('publint finds nothing', { timeout: 60_000 }, () => {
  expect(run('publint', [packed.tarball, '--strict'], folder)).toMatch(/All good/);
});

test('its types resolve', { timeout: 60_000 }, () => {
  const printed = run('attw', [packed.tarball, '--format', 'ascii', '--no-definitely-typed'], root);
  for (const entry of ['"wasmgrad"', '"wasmgrad/slim"', '"wasmgrad/worker"'])
    expect(printed).toContain(entry);
});
