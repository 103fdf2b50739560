/**
 * The bundle of `src/infer.ts`. What only training needs is left out while the modules are read, so that no line of `src` has to
 * care: gradients of ops go, `scope.training` and `scope.noise` are false, modules for training alone are empty, and ops do not
 * check the options that layers give them.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Plugin, type RolldownOptions, rolldown } from 'rolldown';
import { minifySync, parseSync, transformSync } from 'rolldown/utils';

const ENTRY = fileURLToPath(new URL('../src/infer.ts', import.meta.url));

/**
 * What their functions give is for training or for the developer, or (Winograd's convolution, 1.5 kB) another way to the same
 * numbers; here they give 0.
 */
const EMPTY =
  /\/src\/(nn\/(init|regularizer|constraint)|ops\/winograd|compile\/(rowwise|print|debug))\.ts$/;
/** Layers that do nothing but in training; `stillImages.ts` has those of them that do. */
const STILL = /\/src\/nn\/(dropout|augment)\.ts$/;
/** Batches of products, which only resizing has there: one product behind the other gives the same bits. */
const BATCHES = /\/src\/ops\/batched\.ts$/;
/** Rules of ops that no forward pass reads, or that no layer has a use for: constants and neutral numbers leave the same bits. */
const RULES = /^(grad\w*|summed|flops|range|fold|neutral)$/;
/** First parameter of functions that are gradients. */
const GRADIENT = /^d[uyz]$/;
/** Functions and methods that only training and developers call, by module: their bodies go. */
const UNCALLED: Readonly<Record<string, readonly string[]>> = {
  'compile/block': ['checkUsable', 'hold', 'leave'],
  'compile/emitter': ['ahead', 'assign', 'layout', 'loop', 'part', 'result', 'stream'],
  'compile/executable': [
    'bytes',
    'check',
    'firstNotFinite',
    'hold',
    'intermediates',
    'letGo',
    'loaded',
    'records',
    'runRows',
  ],
  'compile/merge': ['joinRows'],
  'compile/program': ['checkPlaced', 'variablesOf'],
  'compile/rewrite': ['inside', 'merge'],
  'compile/storage': [
    'alias',
    'assign',
    'body',
    'fits',
    'keepsColumns',
    'layout',
    'overwrites',
    'parts',
    'pin',
    'put',
  ],
  'data/table': ['labels', 'labelShape'],
  'nn/normalization': ['adapted', 'columnsOf'],
  'nn/trace': ['enter', 'isBias', 'note', 'numbered', 'stream', 'weight'],
  'ops/fused': ['biased'],
  'ops/product': ['emitSlope'],
  'runtime/errors': ['nearest'],
  'runtime/base': ['memory'],
  'runtime/heap': ['freeBlocks', 'peak', 'used'],
  'train/predict': ['intermediates'],
};
const FALSE = ['training', 'noise'];
/** What the table of activations takes from the module that is loaded when a model names one of them. */
const RARE = /, \.\.\.rareActivations/;
/** What is not called of a namespace goes only where it is imported as one. */
const NAMESPACE = /import { kernels } from '([^']*)kernels\.gen\.ts'/;

/** Of which only the call that makes an instance is used: the kernels have no objects to be looked after. */
const LOADER = '@assemblyscript/loader';
const PLAIN_LOADER =
  'export const instantiateSync = (module, imports) => new WebAssembly.Instance(module, imports);';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function exportsOf(path: string): string[] {
  const found = readFileSync(path, 'utf8').matchAll(
    /^export (?:async )?(?:function|const) (\w+)/gm,
  );
  return [...found].map(([, name]) => name as string);
}

function emptied(path: string): string {
  return exportsOf(path)
    .map((name) => `export const ${name} = () => 0;`)
    .join('\n');
}

function stilled(path: string): string {
  const own = exportsOf(path.replace(/\w+\.ts$/, 'stillImages.ts'));
  const names = exportsOf(path);
  const still = names.filter((name) => !own.includes(name)).map((name) => `still as ${name}`);
  const images = names.filter((name) => own.includes(name));
  return [
    `export { ${still.join(', ')} } from './still.ts';`,
    ...(images.length ? [`export { ${images.join(', ')} } from './stillImages.ts';`] : []),
  ].join('\n');
}

// biome-ignore lint/suspicious/noExplicitAny: any node of a syntax tree
type Node = any;

/** Calls `see` for each node inside of `node`, and whether it runs when the module is loaded. */
function walk(node: Node, see: (node: Node, atLoad: boolean) => void, atLoad = true): void {
  if (Array.isArray(node)) for (const n of node) walk(n, see, atLoad);
  else if (typeof node?.type === 'string') {
    see(node, atLoad);
    const inside = atLoad && !/Function|Class/.test(node.type);
    for (const child of Object.values(node)) walk(child, see, inside);
  }
}

function parsed(path: string, code: string): Node {
  return parseSync(path.replace(/\.ts$/, '.js'), code).program;
}

function replaced(code: string, edits: readonly Edit[]): string {
  const around = (e: Edit) => edits.some((o) => o !== e && o.start <= e.start && e.end <= o.end);
  const outer = edits.filter((e) => !around(e)).sort((a, b) => b.start - a.start);
  return outer.reduce((s, { start, end, text }) => s.slice(0, start) + text + s.slice(end), code);
}

/** The code without what training has for itself. */
function withoutTraining(path: string, code: string): string {
  const [ops, nn] = ['/src/ops/', '/src/nn/'].map((folder) => path.includes(folder));
  const edits: Edit[] = [];
  const uncalled = UNCALLED[path.replace(/.*\/src\/|\.ts$/g, '')] ?? [];
  const found = new Set<string>();
  walk(parsed(path, code), (node) => {
    const { type, start, end, properties, object, property, arguments: args } = node;
    if (/^(FunctionDeclaration|MethodDefinition)$/.test(type)) {
      const { body } = node.value ?? node;
      const name = (node.id ?? node.key).name;
      if (!uncalled.includes(name)) return;
      found.add(name);
      edits.push({ start: body.start, end: body.end, text: '{}' });
    } else if (ops && type === 'ObjectExpression') {
      for (const { key, ...rule } of properties)
        if (RULES.test(key?.name)) edits.push({ ...rule, text: `${key.name}: undefined` });
    } else if (type === 'CallExpression' && node.callee.name === 'addRule') {
      edits.push({ start, end, text: '0' });
    } else if (ops && type === 'CallExpression') {
      for (const arg of args)
        if (GRADIENT.test(arg.params?.[0]?.name)) edits.push({ ...arg, text: 'undefined' });
    } else if (ops && type === 'ExpressionStatement') {
      if (node.expression.callee?.name === 'checkOptions') edits.push({ start, end, text: '' });
    } else if (type === 'CallExpression' && node.callee.name === 'debugLevel') {
      edits.push({ start, end, text: '0' });
    } else if (nn && type === 'MemberExpression' && object.name === 'scope') {
      if (FALSE.includes(property.name)) edits.push({ start, end, text: 'false' });
    }
  });
  const missing = uncalled.filter((name) => !found.has(name));
  if (missing.length) throw new Error(`${path}: no function ${missing}, see UNCALLED`);
  return replaced(code, edits);
}

/** The code with the note that what it calls when it is loaded has no effect: no module does anything but to define. */
function withoutEffects(path: string, code: string): string {
  const edits: Edit[] = [];
  walk(parsed(path, code), ({ type, start }, atLoad) => {
    if (atLoad && (type === 'CallExpression' || type === 'NewExpression'))
      edits.push({ start, end: start, text: '/* @__PURE__ */ ' });
  });
  return replaced(code, edits);
}

/** The code without imports of nothing, which are left of what it does not use any more. */
function withoutUnused(code: string): string {
  return code.replace(/^import ['"][^'"]*['"];\n/gm, '');
}

function moduleCode(path: string): string {
  const source = readFileSync(path, 'utf8')
    .replace(RARE, '')
    .replace(NAMESPACE, "import * as kernels from '$1rows.gen.ts'")
    .replaceAll('./worker.ts', '../runtime/worker.js');
  const { code } = transformSync(path, source);
  const folded = minifySync(path.replace(/\.ts$/, '.js'), withoutTraining(path, code), {
    compress: true,
    mangle: false,
    codegen: { removeWhitespace: false },
  });
  return withoutEffects(path, withoutUnused(folded.code));
}

/** Puts all that the entries need at once into one chunk, `main`; the rest is loaded when it is asked for. */
export function atOnce(...entries: readonly string[]) {
  const needed = new Set<string>();
  const plugin: Plugin = {
    name: 'at once',
    buildEnd() {
      needed.clear();
      for (const entry of entries) needed.add(entry);
      for (const id of needed)
        for (const other of this.getModuleInfo(id)?.importedIds ?? []) needed.add(other);
    },
  };
  const test = (id: string) => needed.has(id) || id.startsWith('\0');
  const output = {
    codeSplitting: { groups: [{ name: 'main', test }] },
    comments: { annotation: false },
  };
  return { plugin, output };
}

const inferenceOnly: Plugin = {
  name: 'inference only',
  resolveId: (id) => {
    if (/\/build\/[\w-]+\.js$/.test(id)) return { id, external: true };
    if (id === './workerText.ts') return { id: '../runtime/workerText.js', external: true };
    return id === LOADER ? id : null;
  },
  load(id) {
    if (id === LOADER) return { code: PLAIN_LOADER, moduleType: 'js' };
    if (STILL.test(id)) return { code: stilled(id), moduleType: 'js' };
    if (BATCHES.test(id))
      return {
        code: "export { emitEach as emitBatch } from './eachProduct.ts';",
        moduleType: 'js',
      };
    if (EMPTY.test(id)) return { code: emptied(id), moduleType: 'js' };
    if (/\/src\/.*\.ts$/.test(id)) return { code: moduleCode(id), moduleType: 'js' };
    return null;
  },
};

const joined = atOnce(ENTRY);

const options: RolldownOptions = {
  input: { index: ENTRY },
  platform: 'browser',
  external: [/^node:/],
  plugins: [inferenceOnly, joined.plugin],
  treeshake: {
    moduleSideEffects: false,
    propertyReadSideEffects: false,
    unknownGlobalSideEffects: false,
  },
  logLevel: 'silent',
};

/** The chunks of the bundle. */
export async function bundleInference(minify: boolean) {
  const bundle = await rolldown(options);
  const { output } = await bundle.generate({
    format: 'esm',
    minify,
    chunkFileNames: '[name].js',
    ...joined.output,
  });
  await bundle.close();
  return output.filter((o) => o.type === 'chunk');
}

/** Numbers of the kernels that the bundle calls. */
export async function inferenceKernels(): Promise<Set<number>> {
  const chunks = await bundleInference(false);
  const calls = chunks.flatMap(({ code }) => [...code.matchAll(/\bkernel\((\d+), "/g)]);
  return new Set(calls.map(([, id]) => Number(id)));
}
