import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  dispatchSource,
  hostSource,
  parametersSource,
  readKernels,
  rowsSource,
} from '../scripts/gen.ts';
import { inferenceKernels } from '../scripts/inference.ts';
import { allCases } from './cases/index.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** From the bottom up; a folder imports from itself and from those before its entry. */
const ORDER: readonly (readonly string[])[] = [
  ['runtime'],
  ['graph'],
  ['ops'],
  ['nn'],
  ['optim'],
  ['compile'],
  ['formats'],
  ['data'],
  ['train'],
  ['check', 'diagnose', 'tune', 'io'],
  ['report'],
  ['cli'],
];

const ENTRIES = ['src/index.ts', 'src/infer.ts'];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const list = (pattern: string) =>
  globSync(pattern, { cwd: root, exclude: ['**/node_modules'] }).map((p) =>
    p.replaceAll('\\', '/'),
  );
const sources = list('src/**/*.ts');
const handwritten = (paths: readonly string[]) => paths.filter((p) => !p.endsWith('.gen.ts'));

/** Lines of code without comments; line numbers stay. */
function code(path: string): string[] {
  return read(path)
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '$1')
    .split('\n');
}

/** Lines that match, as `path:line: text`. */
function matches(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    code(path).flatMap((line, i) =>
      pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [],
    ),
  );
}

function importsOf(path: string): Import[] {
  const text = code(path).join('\n');
  const pattern =
    /(?:\b(import|export)\s+(type\s)?[^'";]*?\bfrom\s*|\bimport\s*\(?\s*)'(\.[^']+)'/g;
  return [...text.matchAll(pattern)].map(([, , type, to]) => ({
    from: path,
    to: normalize(join(dirname(path), to as string)),
    typeOnly: type !== undefined,
  }));
}

const imports = sources.flatMap(importsOf);

const rankOf = (path: string) => {
  const folder = path.split('/')[1] as string;
  return { folder, rank: ORDER.findIndex((names) => names.includes(folder)) };
};

test('every folder of src has a place in the order', () => {
  const folders = sources.filter((p) => p.split('/').length > 2).map((p) => rankOf(p));
  expect(folders.filter((f) => f.rank < 0)).toEqual([]);
});

test('imports point one way only', () => {
  const inside = imports.filter(
    (i) => ![...ENTRIES, 'src/slim.ts'].includes(i.from) && i.to.startsWith('src/'),
  );
  const wrong = inside.filter((i) => {
    const [from, to] = [rankOf(i.from), rankOf(i.to)];
    return from.folder !== to.folder && to.rank >= from.rank;
  });
  expect(wrong).toEqual([]);
  expect(inside.length).toBeGreaterThan(100);
});

test('src and assembly do not import from elsewhere', () => {
  const outside = imports.filter((i) => !i.to.startsWith('src/') && !i.to.startsWith('build/'));
  expect(outside).toEqual([]);
  const kernels = list('assembly/**/*.ts').flatMap(importsOf);
  expect(kernels.filter((i) => !i.to.startsWith('assembly/'))).toEqual([]);
});

test.each(ENTRIES)('%s only re-exports, and only other entries import it', (entry) => {
  const text = code(entry).join('\n');
  expect(text.replace(/export (type )?(\*( as \w+)?|\{[^}]*\}) from '[^']+';/g, '').trim()).toBe(
    '',
  );
  const allowed = (from: string) => from.startsWith('src/cli/') || from === 'src/slim.ts';
  expect(imports.filter((i) => i.to === entry && !allowed(i.from))).toEqual([]);
});

/** A circle of imports that exist at run time, or nothing. */
function circle(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of edges.get(file) ?? []) {
      const found = visit(next);
      if (found.length) return found;
    }
    path.pop();
    done.add(file);
    return [];
  };
  return [...edges.keys()].map(visit).find((found) => found.length) ?? [];
}

test('no circular imports in src', () => {
  const graph = Map.groupBy(
    imports.filter((i) => !i.typeOnly),
    (i) => i.from,
  );
  const edges = [...graph].map(([from, all]) => [from, all.map((i) => i.to)] as const);
  expect(circle(new Map(edges))).toEqual([]);
});

test('no op is asked for its name outside of src/ops', () => {
  const outside = sources.filter((p) => !p.startsWith('src/ops/'));
  const names = new Set(allCases.flatMap(([name]) => [name, name.replace(/Mask$/, '')]));
  expect(
    matches(
      outside,
      /op\.name\s*[!=]==?|[!=]==?\s*[\w.]*op\.name|switch \(.*op\.name|\(\s*[\w.]*op\.name\s*\)\s*(\?|&&|\|\|)/,
    ),
  ).toEqual([]);
  const literals = matches(outside, /\bop\b.*[!=]==?\s*'\w+'/).filter((line) => {
    const compared = [...line.matchAll(/(\w+)\s*[!=]==?\s*'(\w+)'/g)];
    return compared.some(([, left, right]) => left !== 'source' && names.has(right as string));
  });
  expect(literals).toEqual([]);
});

test('generated files are fresh', async () => {
  const kernels = readKernels();
  expect(read('src/runtime/rows.gen.ts')).toBe(rowsSource(kernels));
  expect(read('src/runtime/parameters.gen.ts')).toBe(parametersSource(kernels));
  expect(read('src/runtime/kernels.gen.ts')).toBe(hostSource());
  const inference = await inferenceKernels();
  expect(read('assembly/dispatch.gen.ts')).toBe(dispatchSource(kernels, inference));
});

/** A page that is one file counts by its script. */
function lengthOf(path: string): number {
  const text = read(path);
  const [, script = text] = /<script type="module">\n(.*)<\/script>/s.exec(text) ?? [];
  return script.split('\n').length - 1;
}

test('files have at most 400 lines', () => {
  const files = handwritten(list('{src,assembly,tests,bench,scripts,examples}/**/*.{ts,py,html}'));
  const long = files
    .map((path) => [path, lengthOf(path)] as const)
    .filter(([, lines]) => lines > 400);
  expect(long).toEqual([]);
});

test('what pages load does without `using`, which needs a Symbol.dispose that Safari lacks', () => {
  const without = ['src/cli/', 'src/runtime/dispose.ts'];
  const pages = sources.filter((path) => !without.some((w) => path.startsWith(w)));
  expect(matches(pages, /\busing \w+ =|Symbol\.(dispose|asyncDispose)/)).toEqual([]);
});

/** Numbers made by these differ between JavaScript engines: only where they do not reach wasm memory. */
const INEXACT =
  /Math\.(exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|sinh|cosh|tanh|asin|acos|atan|atan2|asinh|acosh|atanh|cbrt|hypot)\b/;
const POWER = /(?<!\b2 )\*\*/;
const ALLOWED: Readonly<Record<string, string>> = {
  'src/train/predict.ts': 'a batch size',
  'src/report/': 'pictures and their statistics',
};

test('no inexact function of Math makes numbers for wasm memory', () => {
  const found = matches(handwritten(sources), new RegExp(`${INEXACT.source}|${POWER.source}`));
  const allowed = Object.keys(ALLOWED);
  expect(found.filter((line) => !allowed.some((path) => line.startsWith(path)))).toEqual([]);
  expect(
    allowed.filter((path) => !found.some((line) => line.startsWith(path))),
    'allowed for nothing',
  ).toEqual([]);
});
